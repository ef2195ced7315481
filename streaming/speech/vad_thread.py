"""The hearing thread: one per process, it works for all recognitions that have something to do, in ticks of at least 8 ms, or of 32 ms
where many do.

Nobody fed, nothing done: the thread sleeps until it is woken. While somebody has more work than one tick takes, ticks follow
each other without a pause, and everybody gets a bounded share of each.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

TICK_S = 0.032
FEW = 8
"""Up to so many at once there is little to gather, and sound that comes just behind a tick would wait for nothing but the next."""
SHORT_TICK_S = 0.008

Member = TypeVar("Member")


class VadThread(Generic[Member]):
    """Calls `tick` with the members that were woken; `tick` returns those that still have work.

    `patience` tells after how many seconds `tick` is to be called though nobody was woken; None: not at all.
    """

    def __init__(self, tick: Callable[[list[Member]], list[Member]], patience: Callable[[], float | None] = lambda: None) -> None:
        self._tick, self._patience = tick, patience
        self._lock = threading.Lock()
        self._tick_s = TICK_S
        self._woken: dict[Member, None] = {}  # in the order they were woken
        self._bell = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self, member: Member) -> None:
        """Let the next tick look at a member. Any thread; returns at once."""
        with self._lock:
            self._woken[member] = None
        if not self._bell.is_set():
            self._bell.set()

    def close(self) -> None:
        """End the thread and wait for it."""
        self._closed.set()
        self._bell.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        more: list[Member] = []
        while not self._closed.is_set():
            began = time.monotonic()
            if not more:
                self._bell.wait(self._patience())
            self._bell.clear()
            try:
                more = self._tick(self._next(more))  # held by no name here: a thread that waits keeps nobody alive
            except Exception as error:  # one bad tick must not deafen everybody
                log.error("hearing: a tick failed (%s)", type(error).__name__)
                more = []
            if not more:
                self._closed.wait(max(0.0, self._tick_s - (time.monotonic() - began)))

    def _next(self, more: list[Member]) -> list[Member]:
        """Return whom the next tick is about: those that still have work, then those that were woken."""
        with self._lock:
            members = list(dict.fromkeys((*more, *self._woken)))
            self._woken.clear()
        self._tick_s = SHORT_TICK_S if len(members) <= FEW else TICK_S
        return members
