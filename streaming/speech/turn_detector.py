"""One speaker whose turns are wanted as sound, not as words: what turn taking in streams is made of.

Sound goes in at its own rate; each turn comes out whole, at that rate, with what was said just before it was noticed.
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

_PORTION_S = 0.25  # converted in one tick
_STALL_S = 2.0  # an open turn whose speaker sends nothing for so long is over
_DOUBTFUL = 0.3  # probability of speech above which nobody is sure that it is none
_CALM_FRAMES = 16  # without any such: half a second
_MOST_WAITING_S = 60.0  # unheard; what comes on top of it is lost, which only a flood can do
_MOST_WAITING_BLOCKS = 12_000  # the same in blocks of 5 ms: each costs memory, however short it is
_PORTION_BLOCKS = 256  # taken in one tick

_QUIET: Samples = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said between two pauses: int16 samples of shape (n,), and the stretches of speech in it, in seconds from its start."""

    samples: Pcm
    rate: int
    voiced: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TurnDetectorOptions:
    """How turns are told from pauses; probabilities in [0, 1], times in milliseconds and seconds."""

    pause_ms: int = 500
    longest_s: float = 120.0
    onset: float = 0.5
    least_speech_ms: int = 100
    pre_roll_ms: int = 400
    progress: bool = False


class Watcher(Protocol):
    """Who is told. Called in the hearing thread; every method returns at once."""

    def began(self) -> None:
        """Somebody began to speak."""

    def progress(self, turn: Turn) -> None:
        """The turn so far, each two seconds or so and at each short pause; only where the options ask for it."""

    def ended(self, turn: Turn) -> None:
        """Somebody paused after this."""

    def dropped(self) -> None:
        """What had begun was no speech."""


@dataclass(slots=True)
class AudioHistory:
    """Sound that may still be wanted; positions count samples since the beginning."""

    first: int = 0
    blocks: deque[Pcm] = field(default_factory=deque)

    def append(self, samples: Pcm) -> None:
        """Put sound at the end."""
        self.blocks.append(samples)

    def forget(self, before: int) -> None:
        """Let go of blocks that end before a position."""
        while self.blocks and self.first + len(self.blocks[0]) <= before:
            self.first += len(self.blocks.popleft())

    def cut(self, start: int, end: int) -> Pcm:
        """Return the samples [start, end), as far as they are there."""
        if not self.blocks:
            return NO_SOUND
        return np.concatenate(self.blocks)[max(0, start - self.first) : max(0, end - self.first)]


class TurnDetector:
    """A member of the attention. `feed`, `flush` and `close` may be called from any thread and return at once."""

    def __init__(self, options: TurnDetectorOptions, rate: int, watcher: Watcher) -> None:
        self.slot: int | None = None
        self.over = False
        self._options, self._rate, self._watcher = options, rate, watcher
        self._finder = Endpointer(
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
        self._rest: Samples = _QUIET
        self._at = 0
        self._tape = AudioHistory()
        self._flush = False
        self._calm = 0  # frames since one might have been speech
        self._last_fed = time.monotonic()

    # -- any thread

    def attend(self, wake: Callable[["TurnDetector"], None]) -> None:
        """Begin to be heard; what was fed before waits."""
        self._wake = wake
        wake(self)

    def feed(self, samples: Pcm) -> None:
        """Append sound, int16 of shape (n,)."""
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
        """End the turn now, without a pause; `ended` comes in any case, with no sound where nobody was speaking."""
        self._flush = True
        if self._wake is not None:
            self._wake(self)

    def close(self) -> None:
        """Hear no more."""
        with self._lock:
            self.over = True
            self._waiting.clear()
        if self._wake is not None:
            self._wake(self)

    @property
    def waiting_s(self) -> float:
        """How much of what was fed waits to be heard, in seconds."""
        return 0.0 if self.over else self._waiting_samples / self._rate

    @property
    def calm(self) -> bool:
        """Whether nothing that was heard of late may have been speech."""
        return self._calm >= _CALM_FRAMES and not self._finder.speaking

    # -- the hearing thread

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._finder.speaking

    def pull(self) -> None:
        """Convert a portion of what waits."""
        blocks: list[Pcm] = []
        taken = 0
        with self._lock:
            heard_soon = len(self._rest) - self._at >= FRAME * 8
            while self._waiting and taken < _PORTION_S * self._rate and len(blocks) < _PORTION_BLOCKS and not heard_soon:
                block = self._waiting.popleft()
                blocks.append(block)
                taken += len(block)
            self._waiting_samples -= taken
        for block in blocks:
            self._tape.append(block)
        if blocks:
            heard = self._converter.push(np.concatenate(blocks), self._rate).astype(np.float32) * np.float32(1 / 32768)
            self._rest, self._at = np.concatenate((self._rest[self._at :], heard)), 0

    def frame(self) -> Samples | None:
        """Return the next frame, None when not enough sound is there."""
        if len(self._rest) - self._at < FRAME:
            return None
        self._at += FRAME
        return self._rest[self._at - FRAME : self._at]

    def hear(self, frame: Samples, probability: float) -> None:
        """Take in how likely the frame is speech."""
        self._calm = 0 if probability > _DOUBTFUL else self._calm + 1
        for event in self._finder.push(probability, float(frame @ frame) ** 0.5):
            self._handle(event)
        self._tape.forget(self._place(self._finder.keep_from))

    def stall(self, now: float) -> None:
        """End the open turn if all was heard and nothing has been fed for some time."""
        if self._idle and now - self._last_fed > _STALL_S:
            self._close_turn()

    def settle(self) -> bool:
        """End of a tick; true while there is more to hear."""
        if self._flush and self._idle and not self.over:
            self._flush = False
            if not self._close_turn():
                self._watcher.ended(Turn(NO_SOUND, self._rate))
        return not self.over and not self._idle

    @property
    def _idle(self) -> bool:
        return not self._waiting and len(self._rest) - self._at < FRAME

    def _close_turn(self) -> bool:
        """End what is open; whether it was a turn."""
        events = self._finder.flush()
        for event in events:
            self._handle(event)
        return any(isinstance(event, SpeechEnded) for event in events)

    def _handle(self, event: object) -> None:
        if self.over:
            return
        match event:
            case SpeechStarted():
                self._watcher.began()
            case Progress() if self._options.progress:
                self._finder.progress_made()
                self._watcher.progress(self._turn(self._finder.so_far()))
            case SpeechPaused(span) if self._options.progress:
                self._watcher.progress(self._turn(span))
            case SpeechEnded(span):
                self._watcher.ended(self._turn(span))
            case SpeechDiscarded():
                self._watcher.dropped()

    def _turn(self, span: Span) -> Turn:
        samples = self._tape.cut(self._place(span.start), self._place(span.end))
        voiced = tuple(((first - span.start) * FRAME_S, (last - span.start) * FRAME_S) for first, last in span.voiced)
        return Turn(samples, self._rate, voiced)

    def _place(self, frame: int) -> int:
        """Return where in the speaker's own samples a frame begins."""
        return frame * FRAME * self._rate // RATE
