"""The VAD thread: it processes all members that have work, in ticks of at least 8 ms, or of 32 ms if many members have work.

The thread sleeps until a member is woken. While a member has more work than fits into one tick, ticks follow each other without a
pause, and each member gets a bounded share of each tick.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

TICK_S = 0.032
FEW = 8
"""Up to this many members per tick, ticks are short: batching gains little, and a long tick would only add latency."""
SHORT_TICK_S = 0.008

Member = TypeVar("Member")


class VadThread(Generic[Member]):
    """Calls `tick` with the members that were woken; `tick` returns those that still have work.

    `timeout` returns the seconds after which `tick` is called even if no member was woken; None for never.
    """

    def __init__(self, tick: Callable[[list[Member]], list[Member]], timeout: Callable[[], float | None] = lambda: None) -> None:
        self._tick, self._timeout = tick, timeout
        self._lock = threading.Lock()
        self._tick_s = TICK_S
        self._woken: dict[Member, None] = {}  # in the order in which they were woken
        self._wakeup = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vad", daemon=True)

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
                log.error("a tick of the VAD thread failed (%s)", type(error).__name__)
                more = []
            if not more:
                self._closed.wait(max(0.0, self._tick_s - (time.monotonic() - began)))

    def _next(self, more: list[Member]) -> list[Member]:
        """Return the members of the next tick: those that still have work, then those that were woken."""
        with self._lock:
            members = list(dict.fromkeys((*more, *self._woken)))
            self._woken.clear()
        self._tick_s = SHORT_TICK_S if len(members) <= FEW else TICK_S
        return members
