"""The turns of a decoded file, in the order of speech: the recogniser of live speech, with several turns decoded at once."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from streaming.audio.codecs import Decoder, open_decoder
from streaming.audio.pcm import RATE, AudioError
from streaming.speech.engines.base import Recogniser, Recognition, RecognitionOptions, RecognitionResult

MOST_BACKLOG_S = 120.0
"""Seconds of audio given to the recogniser that it has not finished. Audio beyond it waits, in the end in the file."""
WAIT_S = 0.25
"""Longest wait in seconds between two looks at the recogniser, and at whether the import must end."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A recognised turn of a channel, counted from 1. Times are seconds from the start of the file."""

    channel: int
    result: RecognitionResult


class _ChannelRecognition:
    """The recognition of one channel: its listener, and the results that were not taken yet."""

    def __init__(self, engine: Recogniser, options: RecognitionOptions, changed: threading.Condition, decoder: Decoder) -> None:
        self.results: deque[RecognitionResult] = deque()
        self.done = False
        self._changed = changed
        self.recognition: Recognition = engine.open(options, decoder, self)

    def recognised(self, result: RecognitionResult) -> None:
        """Keep a final result. Called from any thread."""
        if result.is_final:
            self.results.append(result)
            self._notify()

    def speech_started(self, at: float) -> None:
        """Do nothing: only results matter here."""

    def audio_error(self, error: AudioError) -> None:
        """Do nothing: these are samples, which are always valid."""

    def backlog_low(self) -> None:
        """Wake the reader of the file."""
        self._notify()

    def finished(self) -> None:
        """Note that all audio is transcribed."""
        self.done = True
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


class FileRecognition:
    """Recognises the channels of a file side by side.

    Args:
        engine: the recogniser of this process.
        options: one for each channel.
        check: called at least every WAIT_S while the recogniser is awaited; may raise.
        decoders: decode the int16 samples of each channel; None: nobody else needs them.
    """

    def __init__(
        self,
        engine: Recogniser,
        options: Sequence[RecognitionOptions],
        check: Callable[[], None] = lambda: None,
        decoders: Sequence[Decoder] | None = None,
    ) -> None:
        self._changed = threading.Condition()
        self._check = check
        own = decoders or [open_decoder("LINEAR16", RATE) for _ in options]
        self._channels = [_ChannelRecognition(engine, each, self._changed, decoder) for each, decoder in zip(options, own, strict=True)]

    def turns(self, blocks: Iterable[bytes]) -> Iterator[SpokenTurn]:
        """Yield the turns of the audio (interleaved int16 at 16 kHz), ordered by their start. Nothing runs on after it is closed."""
        try:
            for block in blocks:
                self._feed(block)
                yield from self._ready()
                while self._full:
                    self._wait()
                    yield from self._ready()
            for channel in self._channels:
                channel.recognition.stop()
            while not all(channel.done for channel in self._channels):
                self._wait()
                yield from self._ready()
            yield from self._ready()
        finally:
            for channel in self._channels:
                channel.recognition.abandon()

    @property
    def fed(self) -> float:
        """Seconds of the file that were given to the recogniser."""
        return self._channels[0].recognition.fed

    @property
    def settled(self) -> float:
        """Seconds from the start of the file before which everything was recognised."""
        return min(min(channel.recognition.settled, channel.recognition.fed) for channel in self._channels)

    def _feed(self, block: bytes) -> None:
        if len(self._channels) == 1:
            self._channels[0].recognition.feed(block)
            return
        samples = np.frombuffer(block, dtype="<i2").reshape(-1, len(self._channels))
        for number, channel in enumerate(self._channels):
            channel.recognition.feed(samples[:, number].tobytes())

    @property
    def _full(self) -> bool:
        return any(channel.recognition.full or channel.recognition.backlog > MOST_BACKLOG_S for channel in self._channels)

    def _wait(self) -> None:
        with self._changed:
            self._changed.wait(WAIT_S)
        self._check()

    def _ready(self) -> Iterator[SpokenTurn]:
        """Yield the results before which no other channel can have a result any more."""
        while True:
            settled = [channel.recognition.settled for channel in self._channels]  # before the results, which may come meanwhile
            heads = [(channel.results[0].start, number) for number, channel in enumerate(self._channels) if channel.results]
            if not heads:
                return
            start, first = min(heads)
            if any(settled[number] < start for number, channel in enumerate(self._channels) if not channel.results):
                return
            yield SpokenTurn(first + 1, self._channels[first].results.popleft())
