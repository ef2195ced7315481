"""Detects the turns of one speaker and returns them as audio, not as words: the basis of turn taking in streams.

Audio goes in at its own rate. Each turn comes out whole, at that rate, with the pre-roll before speech was detected.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.audio.rates import NO_SOUND, Converter, Pcm
from streaming.speech.endpointing import FRAME_S, Endpointer, Progress, Span, SpeechDiscarded, SpeechEnded, SpeechPaused, SpeechStarted
from streaming.speech.vad import FRAME

_PORTION_S = 0.25  # limit of audio converted per tick
_STALL_S = 2.0  # an open turn ends if the speaker sends nothing for this long
_MAYBE_SPEECH = 0.3  # a frame with a higher probability may be speech
_SILENT_FRAMES = 16  # consecutive frames without possible speech after which the speaker is silent: half a second
_MOST_WAITING_S = 60.0  # limit of unprocessed audio; what exceeds it is dropped, which only a flood can cause
_MOST_WAITING_BLOCKS = 12_000  # the same in blocks of 5 ms: even an empty block costs memory
_PORTION_BLOCKS = 256  # limit of blocks taken per tick

_NO_SAMPLES: Samples = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Turn:
    """The audio between two pauses: int16 samples of shape (n,), and its speech segments in seconds from its start."""

    samples: Pcm
    rate: int
    voiced: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TurnDetectorOptions:
    """Endpointing options: probabilities in [0, 1], times in milliseconds or seconds. `progress` requests `TurnCallbacks.progress`."""

    pause_ms: int = 500
    longest_s: float = 120.0
    onset: float = 0.5
    least_speech_ms: int = 100
    pre_roll_ms: int = 400
    progress: bool = False


class TurnCallbacks(Protocol):
    """Receives the turns. Called in the VAD thread; every method must return at once."""

    def began(self) -> None:
        """Speech started."""

    def progress(self, turn: Turn) -> None:
        """The turn so far, about every two seconds and at each short pause; only if the options request it."""

    def ended(self, turn: Turn) -> None:
        """The turn ended."""

    def dropped(self) -> None:
        """The open turn contained no speech."""


@dataclass(slots=True)
class AudioHistory:
    """Audio that may still be needed; positions count samples since the start."""

    first: int = 0
    blocks: deque[Pcm] = field(default_factory=deque)

    def append(self, samples: Pcm) -> None:
        """Append samples."""
        self.blocks.append(samples)

    def forget(self, before: int) -> None:
        """Drop the blocks that end at or before a position."""
        while self.blocks and self.first + len(self.blocks[0]) <= before:
            self.first += len(self.blocks.popleft())

    def cut(self, start: int, end: int) -> Pcm:
        """Return the samples [start, end), as far as they are available."""
        if not self.blocks:
            return NO_SOUND
        return np.concatenate(self.blocks)[max(0, start - self.first) : max(0, end - self.first)]


class TurnDetector:
    """A member of the VAD worker. `feed`, `flush` and `close` may be called from any thread and return at once."""

    def __init__(self, options: TurnDetectorOptions, rate: int, callbacks: TurnCallbacks) -> None:
        self.slot: int | None = None
        self.over = False
        self._options, self._rate, self._callbacks = options, rate, callbacks
        self._endpointer = Endpointer(
            options.pause_ms,
            options.longest_s,
            onset=options.onset,
            least_speech_ms=options.least_speech_ms,
            pre_roll_ms=options.pre_roll_ms,
        )
        self._lock = threading.Lock()
        self._wake: Callable[[TurnDetector], None] | None = None
        self._waiting: deque[Pcm] = deque()
        self._waiting_samples = 0
        self._converter = Converter(RATE)
        self._rest: Samples = _NO_SAMPLES
        self._at = 0
        self._history = AudioHistory()
        self._flush = False
        self._silent_frames = 0  # consecutive frames without possible speech
        self._last_fed = time.monotonic()

    # -- any thread

    def attend(self, wake: Callable[["TurnDetector"], None]) -> None:
        """Start processing, beginning with what was fed before."""
        self._wake = wake
        wake(self)

    def feed(self, samples: Pcm) -> None:
        """Append audio, int16 of shape (n,); drop it if too much waits."""
        with self._lock:
            full = self._waiting_samples > _MOST_WAITING_S * self._rate or len(self._waiting) >= _MOST_WAITING_BLOCKS
            if self.over or full:
                return
            self._waiting.append(samples)
            self._waiting_samples += len(samples)
        self._last_fed = time.monotonic()
        if self._wake is not None:
            self._wake(self)

    def flush(self) -> None:
        """End the turn now, without a pause. `ended` is always called, with no samples if no turn was open."""
        self._flush = True
        if self._wake is not None:
            self._wake(self)

    def close(self) -> None:
        """Stop processing and drop the waiting audio."""
        with self._lock:
            self.over = True
            self._waiting.clear()
        if self._wake is not None:
            self._wake(self)

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that wait to be processed."""
        return 0.0 if self.over else self._waiting_samples / self._rate

    @property
    def calm(self) -> bool:
        """Whether the last half second cannot contain speech and no turn is open."""
        return self._silent_frames >= _SILENT_FRAMES and not self._endpointer.speaking

    # -- the VAD thread

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._endpointer.speaking

    def pull(self) -> None:
        """Convert a portion of the waiting audio to 16 kHz."""
        blocks: list[Pcm] = []
        taken = 0
        with self._lock:
            enough_waits = len(self._rest) - self._at >= FRAME * 8
            while self._waiting and taken < _PORTION_S * self._rate and len(blocks) < _PORTION_BLOCKS and not enough_waits:
                block = self._waiting.popleft()
                blocks.append(block)
                taken += len(block)
            self._waiting_samples -= taken
        for block in blocks:
            self._history.append(block)
        if blocks:
            converted = self._converter.push(np.concatenate(blocks), self._rate).astype(np.float32) * np.float32(1 / 32768)
            self._rest, self._at = np.concatenate((self._rest[self._at :], converted)), 0

    def frame(self) -> Samples | None:
        """Return the next frame, or None if not enough audio is there."""
        if len(self._rest) - self._at < FRAME:
            return None
        self._at += FRAME
        return self._rest[self._at - FRAME : self._at]

    def process(self, frame: Samples, probability: float) -> None:
        """Process the speech probability, in [0, 1], of a frame."""
        self._silent_frames = 0 if probability > _MAYBE_SPEECH else self._silent_frames + 1
        for event in self._endpointer.push(probability, float(frame @ frame) ** 0.5):
            self._handle(event)
        self._history.forget(self._place(self._endpointer.keep_from))

    def stall(self, now: float) -> None:
        """End the open turn if all audio was processed and nothing was fed for `_STALL_S`; `now` is a monotonic time."""
        if self._idle and now - self._last_fed > _STALL_S:
            self._close_turn()

    def settle(self) -> bool:
        """End a tick; return whether there is more audio to process."""
        if self._flush and self._idle and not self.over:
            self._flush = False
            if not self._close_turn():
                self._callbacks.ended(Turn(NO_SOUND, self._rate))
        return not self.over and not self._idle

    @property
    def _idle(self) -> bool:
        return not self._waiting and len(self._rest) - self._at < FRAME

    def _close_turn(self) -> bool:
        """End the open turn, if any; return whether it was speech."""
        events = self._endpointer.flush()
        for event in events:
            self._handle(event)
        return any(isinstance(event, SpeechEnded) for event in events)

    def _handle(self, event: object) -> None:
        if self.over:
            return
        match event:
            case SpeechStarted():
                self._callbacks.began()
            case Progress() if self._options.progress:
                self._endpointer.progress_made()
                self._callbacks.progress(self._turn(self._endpointer.so_far()))
            case SpeechPaused(span) if self._options.progress:
                self._callbacks.progress(self._turn(span))
            case SpeechEnded(span):
                self._callbacks.ended(self._turn(span))
            case SpeechDiscarded():
                self._callbacks.dropped()

    def _turn(self, span: Span) -> Turn:
        samples = self._history.cut(self._place(span.start), self._place(span.end))
        voiced = tuple(((first - span.start) * FRAME_S, (last - span.start) * FRAME_S) for first, last in span.voiced)
        return Turn(samples, self._rate, voiced)

    def _place(self, frame: int) -> int:
        """Return the position of the first sample of a frame, at the rate of the input."""
        return frame * FRAME * self._rate // RATE
