"""Voice activity detection for all speakers of this process: one VAD thread, and batched model calls for all speakers.

Its members are recognitions (`TurnRecognition`) and the turn taking of streams (`TurnDetector`). Why one thread: docs/adr/0011.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from streaming.audio.pcm import Samples
from streaming.speech.audio_source import AudioSource
from streaming.speech.vad import VadModel

log = logging.getLogger(__name__)

Member = TypeVar("Member")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

TICK_S = 0.032
FEW = 2
"""With up to this many active members, ticks are short: batching gains little, and a long tick would only add latency."""
SHORT_TICK_S = 0.008
_ACTIVE_S = 0.128  # a member that was woken within about this time is active: clients send a chunk each 20 to 100 ms
_FRAMES_PER_TICK = 8  # limit per speaker, so that a fast sender cannot delay others
_SILENT_PEAK = 12 / 32768  # a frame with no louder sample cannot contain speech: -69 dB
_STALL_CHECK_S = 0.5  # interval of the check for open turns whose speaker sends nothing


class TickThread(Generic[Member]):
    """A thread that calls `tick` with the members that were woken; `tick` returns those that still have work.

    It calls at least 8 ms apart, or 32 ms if more than `FEW` members are active, and sleeps until a member is woken. While a member has
    more work than fits into one tick, ticks follow each other without a pause, and each member gets a bounded share of each tick.
    `timeout` returns the seconds after which `tick` is called even if no member was woken; None for never.
    """

    def __init__(self, name: str, tick: Callable[[list[Member]], list[Member]], timeout: Callable[[], float | None] = lambda: None) -> None:
        self._tick, self._timeout = tick, timeout
        self._lock = threading.Lock()
        self._tick_s = TICK_S
        self._woken: dict[Member, None] = {}  # in the order in which they were woken
        self._active: set[int] = set()  # ids of the members woken since `_active_since`
        self._active_before = 0  # number of those woken in the interval before
        self._active_since = 0.0
        self._wakeup = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self, member: Member) -> None:
        """Include a member in the next tick. May be called from any thread; returns at once."""
        with self._lock:
            self._woken[member] = None
        if not self._wakeup.is_set():
            self._wakeup.set()

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._closed.set()
        self._wakeup.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        more: list[Member] = []
        while not self._closed.is_set():
            began = time.monotonic()
            if not more:
                self._wakeup.wait(self._timeout())
            self._wakeup.clear()
            try:
                more = self._tick(self._next(more))  # no local reference: a waiting thread must not keep members alive
            except Exception as error:  # one failed tick must not end the thread
                log.error("a tick of the thread %s failed (%s)", self._thread.name, type(error).__name__)
                more = []
            if not more:
                self._closed.wait(max(0.0, self._tick_s - (time.monotonic() - began)))

    def _next(self, more: list[Member]) -> list[Member]:
        """Return the members of the next tick: those that still have work, then those that were woken."""
        with self._lock:
            members = list(dict.fromkeys((*more, *self._woken)))
            self._woken.clear()
        now = time.monotonic()
        if now - self._active_since > _ACTIVE_S:
            self._active_before, self._active, self._active_since = len(self._active), set(), now
        self._active.update(map(id, members))
        self._tick_s = SHORT_TICK_S if max(len(self._active), self._active_before) <= FEW else TICK_S
        return members


Source = AudioSource[Any]


class VadWorker(TickThread[Source]):
    """The VAD thread, its members, and their slots of the model."""

    def __init__(self) -> None:
        super().__init__("vad", self._process_portions, lambda: _STALL_CHECK_S if self._speaking else None)
        self._model = VadModel()
        self._all: set[Source] = set()
        self._speaking: dict[Source, None] = {}
        self._stalls_checked = 0.0

    def join(self, member: Source) -> None:
        """Add a member; it is removed once it is `over`."""
        with self._lock:
            self._all.add(member)

    def close(self) -> None:
        """Stop the thread and free the model at once: sessions that ended refer to this worker until they are garbage-collected."""
        super().close()
        del self._model

    def _process_portions(self, members: list[Source]) -> list[Source]:
        """Process up to `_FRAMES_PER_TICK` frames of each member; return the members that have more."""
        for member in members:
            self._guard(member.apply_end)
            self._guard(member.pull)
        self._process_frames(members)
        now = time.monotonic()
        if now - self._stalls_checked > _STALL_CHECK_S:
            self._stalls_checked = now
            for member in list(self._speaking):
                self._guard(member.stall, now)
        return [member for member in members if self._settle(member)]

    def _process_frames(self, members: list[Source]) -> None:
        """Process the frames of the members that have some, with as few calls of the model as possible."""
        ready: list[Source] = []
        slots: list[int] = []
        blocks: list[Samples] = []
        for member in members:
            if member.over:
                continue
            frames = member.frames(_FRAMES_PER_TICK)
            if not member.speaking:
                frames = self._skip_silence(member, frames)
            if len(frames):
                member.slot = self._model.take_slot() if member.slot is None else member.slot
                slots.append(member.slot)
                ready.append(member)
                blocks.append(frames)
        if not ready:
            return
        found = self._model.of_blocks(slots, blocks)
        for member, frames, probabilities in zip(ready, blocks, found, strict=True):
            self._guard(member.process, frames, probabilities)
            if member.speaking:
                self._speaking[member] = None
            else:
                self._speaking.pop(member, None)

    def _skip_silence(self, member: Source, frames: Samples) -> Samples:
        """Return the frames from the first one on that may contain speech: a muted microphone or a quiet room needs no model."""
        loud = np.flatnonzero(np.abs(frames).max(axis=1, initial=0.0) > _SILENT_PEAK)
        first = int(loud[0]) if len(loud) else len(frames)
        if first:
            self._guard(member.process, frames[:first], [0.0] * first)
        return frames[first:]

    def _settle(self, member: Source) -> bool:
        """End the tick of one member; remove it and release its slot if it is over."""
        more = self._guard(member.settle)
        if not member.speaking or member.over:
            self._speaking.pop(member, None)
        if member.over:
            if member.slot is not None:
                self._model.free_slot(member.slot)
                member.slot = None
            with self._lock:
                self._all.discard(member)
        return bool(more)

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
