"""Detects the turns of one speaker and returns them as audio, not as words: the basis of turn taking in streams.

Audio goes in at its own rate. Each turn comes out whole, at that rate, with the pre-roll before speech was detected.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.audio.rates import NO_SOUND, Converter, Pcm
from streaming.speech.audio_source import PORTION_S, AudioHistory, AudioSource
from streaming.speech.endpointing import (
    FRAME_S,
    Endpointer,
    Event,
    Progress,
    SpeechDiscarded,
    SpeechEnded,
    SpeechImprobable,
    SpeechPaused,
    SpeechPossible,
    SpeechStarted,
    TurnSpan,
)
from streaming.speech.user_level import UserLevel
from streaming.speech.vad import FRAME, VadModel

ANSWER_MS = 1000
"""Silence during which the answer of an end-of-turn model is waited for."""

_MAYBE_SPEECH = 0.3  # a frame with a higher probability may be speech
_SILENT_FRAMES = 16  # consecutive frames without possible speech after which the speaker is silent: half a second
_MOST_WAITING_S = 60.0  # limit of unprocessed audio; what exceeds it is dropped, which only a flood can cause
_MOST_WAITING_BLOCKS = 12_000  # the same in blocks of 5 ms: even an empty block costs memory
_PORTION_BLOCKS = 256  # limit of blocks taken per tick


@dataclass(frozen=True, slots=True)
class Turn:
    """The audio between two pauses: int16 samples of shape (n,), and its speech segments in seconds from its start."""

    samples: Pcm
    rate: int
    voiced: tuple[tuple[float, float], ...] = ()

    def followed_by(self, other: "Turn", longest_s: float) -> "Turn":
        """Return one turn with the audio of both, of the same rate; beyond `longest_s` seconds the oldest audio is left out."""
        shift_s = len(self.samples) / self.rate
        voiced = (*self.voiced, *((start + shift_s, end + shift_s) for start, end in other.voiced))
        return Turn(np.concatenate((self.samples, other.samples)), self.rate, voiced).last(longest_s)

    def last(self, seconds: float) -> "Turn":
        """Return the end of the turn, at most so many seconds of it."""
        cut = max(0, len(self.samples) - int(seconds * self.rate))
        if not cut:
            return self
        cut_s = cut / self.rate
        voiced = tuple((max(0.0, start - cut_s), end - cut_s) for start, end in self.voiced if end > cut_s)
        return Turn(self.samples[cut:], self.rate, voiced)


@dataclass(frozen=True, slots=True)
class TurnDetectorOptions:
    """Endpointing options: probabilities in [0, 1], times in milliseconds or seconds.

    `progress` requests `TurnCallbacks.progress`, `asks_end` requests `TurnCallbacks.paused`, `asks_onset` requests
    `TurnCallbacks.may_begin`. With `ignore_softer_db`, speech that is softer than the user's by more decibels is that of people in the
    background: it starts no turn while `TurnDetector.during_reply` is set, and no longer continues one; see `UserLevel`.
    """

    pause_ms: int = 500
    longest_s: float = 120.0
    onset: float = 0.5
    least_speech_ms: int = 100
    pre_roll_ms: int = 400
    progress: bool = False
    asks_end: bool = False
    asks_onset: bool = False
    ignore_softer_db: float | None = None


class TurnCallbacks(Protocol):
    """Receives the turns. Called in the VAD thread; every method must return at once."""

    def may_begin(self, possible: bool) -> None:
        """Speech may have started; False: it did not. `began` follows it otherwise. Only if the options request it."""

    def began(self) -> None:
        """Speech started."""

    def progress(self, turn: Turn) -> None:
        """The turn so far, about every two seconds and at each short pause; only if the options request it."""

    def paused(self, turn: Turn, span: TurnSpan) -> None:
        """A silence of 0.19 s, which may end the turn; only if the options request it, or while `TurnDetector.reports_pauses` is set.

        If the options request it, `TurnDetector.end_after` takes the span and the answer.
        Without an answer the turn then ends after `ANSWER_MS`.
        """

    def ended(self, turn: Turn) -> None:
        """The turn ended."""

    def dropped(self) -> None:
        """The open turn contained no speech."""


class TurnDetector(AudioSource[Pcm]):
    """Detects the turns of one audio source. `feed`, `flush` and `close` may be called from any thread and return at once."""

    def __init__(self, options: TurnDetectorOptions, rate: int, callbacks: TurnCallbacks) -> None:
        endpointer = Endpointer(
            options.pause_ms,
            options.longest_s,
            onset=options.onset,
            least_speech_ms=options.least_speech_ms,
            pre_roll_ms=options.pre_roll_ms,
            asks_onset=options.asks_onset,
            asks_early=options.asks_end,
        )
        super().__init__(endpointer, AudioHistory(rate, NO_SOUND))
        self._options, self._rate, self._callbacks = options, rate, callbacks
        self._closed = False
        self._lock = threading.Lock()
        self._wake: Callable[[TurnDetector], None] | None = None
        self._waiting: deque[Pcm] = deque()
        self._waiting_samples = 0
        self._converter = Converter(RATE)
        self._flush = False
        self._reports_pauses = False
        self._peek: Callable[[Turn], None] | None = None
        self._silent_frames = 0  # consecutive frames without possible speech
        self._user_level = UserLevel(options.ignore_softer_db) if options.ignore_softer_db is not None else None
        self.during_reply = False
        """Whether the user hears a reply, or waits for one: then speech in the background starts no turn. The end of a turn sets it too."""

    # -- any thread

    def attend(self, wake: Callable[["TurnDetector"], None]) -> None:
        """Start processing, beginning with what was fed before."""
        self._wake = wake
        wake(self)

    def feed(self, samples: Pcm) -> None:
        """Append audio, int16 of shape (n,); drop it if too much waits."""
        with self._lock:
            full = self._waiting_samples > _MOST_WAITING_S * self._rate or len(self._waiting) >= _MOST_WAITING_BLOCKS
            if self._closed or full:
                return
            self._waiting.append(samples)
            self._waiting_samples += len(samples)
        self._last_fed = time.monotonic()
        if self._wake is not None:
            self._wake(self)

    @property
    def reports_pauses(self) -> bool:
        """Whether pauses are reported although the options do not request it."""
        return self._reports_pauses

    @reports_pauses.setter
    def reports_pauses(self, reports: bool) -> None:
        self._reports_pauses = reports
        self._endpointer.asks_early = reports or self._options.asks_end

    def flush(self) -> None:
        """End the turn now, without a pause. `ended` is always called, with no samples if no turn was open."""
        self._flush = True
        if self._wake is not None:
            self._wake(self)

    def end_after(self, span: TurnSpan, silence_ms: int) -> None:
        """Let the turn end after so many milliseconds of silence, in the pause that was reported with `span`."""
        super().end_after(span, silence_ms)
        if self._wake is not None:
            self._wake(self)

    def peek(self, take: Callable[[Turn], None]) -> None:
        """Call `take` with the open turn so far, in the VAD thread; never, if no turn is open then."""
        self._peek = take
        if self._wake is not None:
            self._wake(self)

    def close(self) -> None:
        """Stop processing and drop the waiting audio."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        if self._wake is not None:
            self._wake(self)

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that wait to be processed."""
        return 0.0 if self._closed else self._waiting_samples / self._rate

    @property
    def calm(self) -> bool:
        """Whether the last half second cannot contain speech and no turn is open."""
        return self._silent_frames >= _SILENT_FRAMES and not self.speaking

    # -- the VAD thread

    @property
    def over(self) -> bool:
        """Whether the detector was closed."""
        return self._closed

    def pull(self) -> None:
        """Convert a portion of the waiting audio to 16 kHz, unless enough of it already waits."""
        if self._unprocessed_s > PORTION_S:
            return
        blocks: list[Pcm] = []
        taken = 0
        with self._lock:
            while self._waiting and taken < PORTION_S * self._rate and len(blocks) < _PORTION_BLOCKS:
                block = self._waiting.popleft()
                blocks.append(block)
                taken += len(block)
            self._waiting_samples -= taken
        if blocks:
            samples = np.concatenate(blocks)
            self._append(samples, self._converter.push(samples, self._rate).astype(np.float32) * np.float32(1 / 32768))

    @property
    def _is_queued(self) -> bool:
        return bool(self._waiting)

    def process(self, frames: Samples, probabilities: Sequence[float]) -> None:
        """Process the speech probabilities, in [0, 1], of successive frames."""
        for probability in probabilities:
            self._silent_frames = 0 if probability > _MAYBE_SPEECH else self._silent_frames + 1
        super().process(frames, probabilities)

    def _speech_of_interest(self, probability: float, level: float) -> float:
        user = self._user_level
        if user is None or not user.is_background(probability, level, during_reply=self.during_reply, speaking=self.speaking):
            return probability
        return 0.0

    def settle(self) -> bool:
        """End a tick; return whether there is more audio to process."""
        if self._flush and self._is_processed and not self._closed:
            self._flush = False
            if not self._close_turn():
                self._callbacks.ended(Turn(NO_SOUND, self._rate))
        take, self._peek = self._peek, None
        if take is not None and self.speaking and not self._closed:
            take(self._turn(self._endpointer.so_far()))
        return not self._closed and not self._is_processed

    def _handle(self, event: Event) -> None:
        if self._closed:
            return
        match event:
            case SpeechPossible():
                self._callbacks.may_begin(True)
            case SpeechImprobable():
                self._callbacks.may_begin(False)
            case SpeechStarted():
                self._callbacks.began()
            case Progress():
                if self._options.progress:
                    self._endpointer.progress_made()
                    self._callbacks.progress(self._turn(self._endpointer.so_far()))
            case SpeechPaused(span):
                if self._options.progress:
                    self._callbacks.progress(self._turn(span))
                if self._options.asks_end:
                    super().end_after(span, max(self._options.pause_ms, ANSWER_MS))
                if self._options.asks_end or self._reports_pauses:
                    self._callbacks.paused(self._turn(span), span)
            case SpeechEnded(span):
                self.during_reply = True  # the caller knows of it a little later, and others may continue to talk
                self._callbacks.ended(self._turn(span))
            case SpeechDiscarded():
                self._callbacks.dropped()
            case _ as never:
                assert_never(never)

    def _turn(self, span: TurnSpan) -> Turn:
        voiced = tuple(((first - span.start) * FRAME_S, (last - span.start) * FRAME_S) for first, last in span.voiced)
        return Turn(self._history.cut(span), self._rate, voiced)


def split_turns(pcm: Samples) -> list[Samples]:
    """Return the audio of each turn of a whole recording, shape (n,), float32 at 16 kHz, as a live recognition would find them.

    Loads the VAD model on each call.
    """
    model, endpointer = VadModel(), Endpointer()
    slots = [model.take_slot()]
    events: list[Event] = []
    for start in range(0, len(pcm) - FRAME + 1, FRAME):
        frame = pcm[start : start + FRAME]
        events += endpointer.push(model.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5)
    events += endpointer.flush()
    return [pcm[event.span.start * FRAME : event.span.end * FRAME] for event in events if isinstance(event, SpeechEnded)]
