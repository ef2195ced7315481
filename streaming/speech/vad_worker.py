"""Voice activity detection for all speakers of this process: one VAD thread, and batched model calls for all speakers.

Its members are recognitions (`TurnRecognition`) and the turn taking of streams (`TurnDetector`). Why one thread: docs/adr/0011.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

import numpy as np

from streaming.audio.pcm import Samples
from streaming.speech.vad import Voice
from streaming.speech.vad_thread import VadThread

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_FRAMES_PER_TICK = 8  # limit per speaker, so that a fast sender cannot delay others
_SILENT_PEAK = 12 / 32768  # a frame with no louder sample cannot contain speech: -69 dB
_STALL_CHECK_S = 0.5  # interval of the check for open turns whose speaker sends nothing


class Member(Protocol):
    """One speaker; all methods are called in the VAD thread."""

    slot: int | None
    """Slot of the VAD model, assigned and released by the VAD thread."""

    @property
    def over(self) -> bool:
        """Whether the member has ended."""

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""

    def pull(self) -> None:
        """Prepare a bounded portion of audio."""

    def frame(self) -> Samples | None:
        """Return the next frame of 512 samples at 16 kHz, or None if not enough audio is there."""

    def process(self, frame: Samples, probability: float) -> None:
        """Process the speech probability, in [0, 1], of a frame."""

    def stall(self, now: float) -> None:
        """End an open turn whose speaker has stopped sending; `now` is a monotonic time."""

    def settle(self) -> bool:
        """End a tick; return whether there is more audio to process."""


class VadWorker:
    """The members, their slots of the model, and the VAD thread."""

    def __init__(self) -> None:
        self._vad = Voice()
        self._thread: VadThread[Member] = VadThread(self._tick, self._timeout)
        self._lock = threading.Lock()
        self._all: set[Member] = set()
        self._speaking: dict[Member, None] = {}

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, member: Member) -> None:
        """Add a member; it is removed once it is `over`."""
        with self._lock:
            self._all.add(member)

    def wake(self, member: Member) -> None:
        """Include a member in the next tick. May be called from any thread; returns at once."""
        self._thread.wake(member)

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._thread.close()

    def _timeout(self) -> float | None:
        return _STALL_CHECK_S if self._speaking else None

    def _tick(self, members: list[Member]) -> list[Member]:
        """Process up to `_FRAMES_PER_TICK` frames of each member; return the members that have more."""
        for member in members:
            self._guard(member.pull)
        for _ in range(_FRAMES_PER_TICK):
            if not self._round(members):
                break
        now = time.monotonic()
        for member in list(self._speaking):
            self._guard(member.stall, now)
        return [member for member in members if self._settle(member)]

    def _round(self, members: list[Member]) -> bool:
        """Process one frame of each member that has one; return False if none has."""
        ready: list[Member] = []
        frames: list[Samples] = []
        muted = False
        for member in members:
            frame = None if member.over else member.frame()
            if frame is None:
                continue
            if member.speaking or float(np.abs(frame).max()) > _SILENT_PEAK:
                ready.append(member)
                frames.append(frame)
            else:  # a muted microphone or a quiet room: skip the model
                muted = True
                self._guard(member.process, frame, 0.0)
        if not ready:
            return muted
        probabilities = self._vad.probabilities([self._slot(member) for member in ready], frames)
        for member, frame, probability in zip(ready, frames, probabilities, strict=True):
            self._guard(member.process, frame, probability)
            if member.speaking:
                self._speaking[member] = None
            else:
                self._speaking.pop(member, None)
        return True

    def _settle(self, member: Member) -> bool:
        """End the tick of one member; remove it and release its slot if it is over."""
        more = self._guard(member.settle)
        if not member.speaking or member.over:
            self._speaking.pop(member, None)
        if member.over:
            if member.slot is not None:
                self._vad.free_slot(member.slot)
                member.slot = None
            with self._lock:
                self._all.discard(member)
        return bool(more)

    def _slot(self, member: Member) -> int:
        if member.slot is None:
            member.slot = self._vad.take_slot()
        return member.slot

    def _guard(self, call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        """Call a method of a member. Log an exception by its type only (its text may contain spoken words); others are not affected."""
        try:
            return call(*args, **kwargs)
        except Exception as error:
            log.error("processing the audio of one speaker failed (%s)", type(error).__name__)
            return None


_lock = threading.Lock()
_shared: VadWorker | None = None
_users = 0


def acquire() -> VadWorker:
    """Return the VAD worker of this process; the first call starts it and blocks while the model is loaded.

    Each call must be paired with one `release`. Raises RecogniserError if the model is missing.
    """
    global _shared, _users
    with _lock:
        if _shared is None:
            worker = VadWorker()
            worker.start()
            _shared = worker
        _users += 1
        return _shared


def release() -> None:
    """Release the VAD worker; the last call stops its thread and blocks for up to one tick."""
    global _shared, _users
    with _lock:
        _users -= 1
        if _users == 0 and _shared is not None:
            _shared.close()
            _shared = None
