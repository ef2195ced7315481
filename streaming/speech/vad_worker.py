"""Pause detection for everybody who is heard in this process: one hearing thread, one model call per tick for all of them.

Recognitions of speech and the turn taking of streams are both members of it. Why one thread: docs/adr/0011.
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

_ROUNDS = 8  # frames of one speaker heard in one tick, at most: who sends fast gets no more than that
_INAUDIBLE = 12 / 32768  # loudest sample of a frame up to which nobody can have spoken: -69 dB
_PATIENCE_S = 0.5  # how often open turns are looked at whose speaker sends nothing


class Member(Protocol):
    """One speaker, as the hearing thread sees it; all methods are called there."""

    slot: int | None
    """Of the pause detection, given and taken back by the hearing thread."""

    @property
    def over(self) -> bool:
        """Whether nobody listens any more."""

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""

    def pull(self) -> None:
        """Get a bounded portion of sound ready."""

    def frame(self) -> Samples | None:
        """Return the next frame of 512 samples at 16 kHz; None when not enough sound is there."""

    def hear(self, frame: Samples, probability: float) -> None:
        """Take in how likely the frame is speech."""

    def stall(self, now: float) -> None:
        """End an open turn whose speaker sends nothing any more; `now` is of the monotonic clock."""

    def settle(self) -> bool:
        """End of a tick; true while there is more to hear."""


class VadWorker:
    """The members, their slots of the model, and the thread that hears them."""

    def __init__(self) -> None:
        self._voice = Voice()
        self._thread: VadThread[Member] = VadThread(self._tick, self._patience)
        self._lock = threading.Lock()
        self._all: set[Member] = set()
        self._speaking: dict[Member, None] = {}

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, member: Member) -> None:
        """Begin to hear somebody; a member leaves by being over."""
        with self._lock:
            self._all.add(member)

    def wake(self, member: Member) -> None:
        """Let the next tick look at a member. Any thread; returns at once."""
        self._thread.wake(member)

    def close(self) -> None:
        """End the thread and wait for it."""
        self._thread.close()

    def _patience(self) -> float | None:
        return _PATIENCE_S if self._speaking else None

    def _tick(self, members: list[Member]) -> list[Member]:
        """Hear up to `_ROUNDS` frames of each of these; return those with more."""
        for member in members:
            self._guard(member.pull)
        for _ in range(_ROUNDS):
            if not self._round(members):
                break
        now = time.monotonic()
        for member in list(self._speaking):
            self._guard(member.stall, now)
        return [member for member in members if self._settle(member)]

    def _round(self, members: list[Member]) -> bool:
        """Hear one frame of everybody who has one; false when nobody has."""
        ready: list[Member] = []
        frames: list[Samples] = []
        muted = False
        for member in members:
            frame = None if member.over else member.frame()
            if frame is None:
                continue
            if member.speaking or float(np.abs(frame).max()) > _INAUDIBLE:
                ready.append(member)
                frames.append(frame)
            else:  # a muted microphone, or one in an empty room: no model is needed to know that
                muted = True
                self._guard(member.hear, frame, 0.0)
        if not ready:
            return muted
        probabilities = self._voice.probabilities([self._slot(member) for member in ready], frames)
        for member, frame, probability in zip(ready, frames, probabilities, strict=True):
            self._guard(member.hear, frame, probability)
            if member.speaking:
                self._speaking[member] = None
            else:
                self._speaking.pop(member, None)
        return True

    def _settle(self, member: Member) -> bool:
        """End a tick for one; who is over gives its place back."""
        more = self._guard(member.settle)
        if not member.speaking or member.over:
            self._speaking.pop(member, None)
        if member.over:
            if member.slot is not None:
                self._voice.free_slot(member.slot)
                member.slot = None
            with self._lock:
                self._all.discard(member)
        return bool(more)

    def _slot(self, member: Member) -> int:
        if member.slot is None:
            member.slot = self._voice.take_slot()
        return member.slot

    def _guard(self, call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        """Call it; one speaker's failure is logged by type, never by its text, and is nobody else's."""
        try:
            return call(*args, **kwargs)
        except Exception as error:
            log.error("hearing: one recognition failed (%s)", type(error).__name__)
            return None


_lock = threading.Lock()
_shared: VadWorker | None = None
_users = 0


def acquire() -> VadWorker:
    """Return the attention of this process, which is started for the first who asks. Blocks while the model is read.

    Raises RecogniserError when it is missing. Whoever asked says `release` once.
    """
    global _shared, _users
    with _lock:
        if _shared is None:
            attention = VadWorker()
            attention.start()
            _shared = attention
        _users += 1
        return _shared


def release() -> None:
    """Give it back; the last one to do so ends its thread. Blocks for a tick."""
    global _shared, _users
    with _lock:
        _users -= 1
        if _users == 0 and _shared is not None:
            _shared.close()
            _shared = None
