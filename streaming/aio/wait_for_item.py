"""`queue.get()` with a timeout, with one shared timer per timeout value. Nearly every handler's `emit` uses it, 50 times a second and more.

A timer for each wait costs nearly as much as the wait itself. Waits with the same timeout expire in the order in which they began, so they
are kept in one deque, and one timer, set for the first of them, serves all.
"""

import asyncio
from collections import deque
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

LONGEST_S = 1.0
"""A longer wait gets its own timer, since a deque keeps finished waits until they would have expired."""


class _Wait:
    """The wait of one task."""

    __slots__ = ("due", "expired", "task")

    def __init__(self, due: float, task: asyncio.Task[object]) -> None:
        self.due = due
        self.task: asyncio.Task[object] | None = task  # None once the wait is over, so that the deque does not keep the task alive
        self.expired = False


_Waits = dict[float, deque[_Wait]]
_waits: WeakKeyDictionary[asyncio.AbstractEventLoop, _Waits] = WeakKeyDictionary()


async def wait_for_item(queue: "asyncio.Queue[T]", timeout: float = 0.1) -> T | None:  # noqa: ASYNC109  # FastRTC's signature
    """Return the next item of a queue, or None if none arrives within `timeout` seconds."""
    try:
        return queue.get_nowait()
    except asyncio.QueueEmpty:
        pass
    task = asyncio.current_task()
    if task is None or timeout > LONGEST_S:
        return await _with_own_timer(queue, timeout)
    wait, cancelling = _add_wait(task, timeout), task.cancelling()
    try:
        return await queue.get()
    except asyncio.CancelledError:
        if wait.expired and task.uncancel() <= cancelling:
            return None
        raise
    finally:
        wait.task = None


async def _with_own_timer(queue: "asyncio.Queue[T]", timeout_s: float) -> T | None:
    try:
        async with asyncio.timeout(timeout_s):
            return await queue.get()
    except TimeoutError:
        return None


def _add_wait(task: "asyncio.Task[object]", timeout_s: float) -> _Wait:
    loop = task.get_loop()
    wait = _Wait(loop.time() + timeout_s, task)
    by_timeout = _waits.get(loop)
    if by_timeout is None:
        by_timeout = _waits[loop] = {}
    waits = by_timeout.get(timeout_s)
    if waits is None:
        waits = by_timeout[timeout_s] = deque()
        loop.call_at(wait.due, _expire, loop, by_timeout, timeout_s)
    waits.append(wait)
    return wait


def _expire(loop: asyncio.AbstractEventLoop, by_timeout: _Waits, timeout_s: float) -> None:
    """End the expired waits, and set the timer for the next one."""
    now, waits = loop.time(), by_timeout[timeout_s]
    while waits:
        first = waits[0]
        if first.task is not None:
            if first.due > now:
                loop.call_at(first.due, _expire, loop, by_timeout, timeout_s)
                return
            first.expired = True
            first.task.cancel()
        waits.popleft()
    del by_timeout[timeout_s]
