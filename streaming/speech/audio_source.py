"""One audio source of the VAD worker: what recognition and turn detection share.

A source takes audio from its own queue (`pull`), hands out frames (`frames`) and receives their speech probabilities (`process`). The
endpointer turns these into events, which the subclass handles. The VAD thread calls all methods of this module.
"""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.audio.resample import EMPTY
from streaming.speech.endpointing import Endpointer, Event, SpeechEnded, TurnSpan
from streaming.speech.vad import FRAME

PORTION_S = 0.25
"""Approximate limit, in seconds, of audio that `pull` takes from the queue of a source."""
STALL_S = 2.0
"""An open turn ends if the source receives nothing for this many seconds."""

Audio = TypeVar("Audio", bound=NDArray[Any])


class AudioHistory(Generic[Audio]):
    """Audio that a turn may still need, at `rate` samples per second; positions are frame numbers since the start."""

    def __init__(self, rate: int, empty: Audio) -> None:
        self._rate = rate
        self._empty: Audio = empty
        self._first = self._end = 0  # positions of the first sample and behind the last one, in samples
        self._blocks: deque[Audio] = deque()

    def append(self, samples: Audio) -> None:
        """Append samples. An empty block is ignored, because it would cost memory too."""
        if len(samples):
            self._blocks.append(samples)
            self._end += len(samples)

    def forget(self, before: int) -> None:
        """Drop the blocks that end at or before a frame."""
        position = self._position(before)
        while self._blocks and self._first + len(self._blocks[0]) <= position:
            self._first += len(self._blocks.popleft())

    def cut(self, span: TurnSpan) -> Audio:
        """Return the samples of a span, as far as they are available. Most spans end with the newest samples."""
        start, end = self._position(span.start), self._position(span.end)
        needed: deque[Audio] = deque()
        first = self._end  # position of the first sample of `needed`
        for block in reversed(self._blocks):
            if first <= start:
                break
            first -= len(block)
            if first < end:
                needed.appendleft(block)
        if not needed:
            return self._empty
        joined: Any = np.concatenate(needed)
        samples: Audio = joined[max(0, start - first) : max(0, end - first)]
        return samples

    def _position(self, frame: int) -> int:
        """Return the position of a frame, in samples."""
        return frame * FRAME * self._rate // RATE


class AudioSource(ABC, Generic[Audio]):
    """One speaker of the VAD worker. `history` holds the audio as the subclass received it."""

    def __init__(self, endpointer: Endpointer, history: AudioHistory[Audio]) -> None:
        self.slot: int | None = None
        """Slot of the VAD model, assigned and released by the VAD worker."""
        self._endpointer = endpointer
        self._history: AudioHistory[Audio] = history
        self._samples: Samples = EMPTY  # at 16 kHz
        self._at = 0  # how many of them the VAD has processed
        self._last_fed = time.monotonic()
        self._asked_end: deque[tuple[TurnSpan, int]] = deque(maxlen=1)  # the newest call of `end_after`

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether the source has ended; the VAD worker then removes it."""

    @abstractmethod
    def pull(self) -> None:
        """Take a portion of audio from the queue, unless enough already waits; see `_append`."""

    @abstractmethod
    def settle(self) -> bool:
        """End a tick; return whether there is more audio to process."""

    @property
    @abstractmethod
    def _is_queued(self) -> bool:
        """Whether audio waits in the queue of the subclass."""

    @abstractmethod
    def _handle(self, event: Event) -> None:
        """Handle an event of the endpointer."""

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._endpointer.speaking

    @property
    def _unprocessed_s(self) -> float:
        return (len(self._samples) - self._at) / RATE

    @property
    def _is_processed(self) -> bool:
        """Whether all audio was processed but for less than a frame."""
        return len(self._samples) - self._at < FRAME and not self._is_queued

    def _append(self, audio: Audio, samples: Samples) -> None:
        """Append audio to the history, and the same audio at 16 kHz to the samples that wait for the VAD."""
        self._history.append(audio)
        self._samples, self._at = np.concatenate((self._samples[self._at :], samples)), 0

    def frames(self, most: int) -> Samples:
        """Return the next frames of 512 samples at 16 kHz, shape (n, 512), at most so many; n is 0 if not enough audio is there."""
        count = min(most, (len(self._samples) - self._at) // FRAME)
        at, self._at = self._at, self._at + count * FRAME
        return self._samples[at : self._at].reshape(count, FRAME)

    def end_after(self, span: TurnSpan, silence_ms: int) -> None:
        """Let the turn end after so many milliseconds of silence, in the pause that was reported with `span`. Any thread.

        Takes effect in the next tick: the caller wakes the VAD worker.
        """
        self._asked_end.append((span, silence_ms))

    def apply_end(self) -> None:
        """Apply the newest call of `end_after`."""
        while self._asked_end:
            for event in self._endpointer.end_after(*self._asked_end.popleft()):
                self._handle(event)

    def process(self, frames: Samples, probabilities: Sequence[float]) -> None:
        """Process the speech probabilities, in [0, 1], of successive frames, shape (n, 512), until the source is over.

        An exception of `_handle` is raised after the last frame, because the frames are counted.
        """
        failed: Exception | None = None
        levels: list[float] = np.sqrt(np.einsum("ij,ij->i", frames, frames)).tolist()
        for probability, level in zip(probabilities, levels, strict=True):
            if self.over:
                break
            for event in self._endpointer.push(self._speech_of_interest(probability, level), level):
                try:
                    self._handle(event)
                except Exception as error:
                    failed = error
        self._history.forget(self._endpointer.keep_from)
        if failed is not None:
            raise failed

    def _speech_of_interest(self, probability: float, level: float) -> float:
        """Return the probability that a frame of this level is speech that the subclass wants."""
        return probability

    def stall(self, now: float) -> None:
        """End the open turn if all audio was processed and nothing was fed for `STALL_S`; `now` is a monotonic time."""
        if self._is_processed and now - self._last_fed > STALL_S:
            self._close_turn()

    def _close_turn(self) -> bool:
        """End the open turn, if any; return whether it was speech."""
        events = self._endpointer.flush()
        for event in events:
            self._handle(event)
        return any(isinstance(event, SpeechEnded) for event in events)
