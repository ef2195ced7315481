"""Waiting for what a queue brings, but not for ever: nearly every handler's `emit` does it, fifty times a second and more.

A timer for each wait costs nearly as much as the wait. Waits of the same length end in the order in which they began, so they stand in
one line here, and one timer, set for the first, serves them all.
"""

import asyncio
from collections import deque
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

LONGEST_S = 1.0
"""A longer wait has a timer of its own: a line remembers those that are over until their time would have been."""


class _Wait:
    """One task's wait."""

    __slots__ = ("due", "expired", "task")

    def __init__(self, due: float, task: asyncio.Task[object]) -> None:
        self.due = due
        self.task: asyncio.Task[object] | None = task  # none once it is over: whoever remembers the wait need not keep the task
        self.expired = False


_Lines = dict[float, deque[_Wait]]
_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()


async def wait_for_item(queue: "asyncio.Queue[T]", timeout: float = 0.1) -> T | None:  # noqa: ASYNC109  # FastRTC's signature
    """Return the next item of a queue, or None when none comes within `timeout` seconds."""
    try:
        return queue.get_nowait()
    except asyncio.QueueEmpty:
        pass
    task = asyncio.current_task()
    if task is None or timeout > LONGEST_S:
        return await _with_own_timer(queue, timeout)
    wait, cancelling = _stand_in_line(task, timeout), task.cancelling()
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


def _stand_in_line(task: "asyncio.Task[object]", timeout_s: float) -> _Wait:
    loop = task.get_loop()
    wait = _Wait(loop.time() + timeout_s, task)
    lines = _lines.get(loop)
    if lines is None:
        lines = _lines[loop] = {}
    line = lines.get(timeout_s)
    if line is None:
        line = lines[timeout_s] = deque()
        loop.call_at(wait.due, _look, loop, lines, timeout_s)
    line.append(wait)
    return wait


def _look(loop: asyncio.AbstractEventLoop, lines: _Lines, timeout_s: float) -> None:
    """End the waits whose time has come, and look again when the next one's has."""
    now, line = loop.time(), lines[timeout_s]
    while line:
        first = line[0]
        if first.task is not None:
            if first.due > now:
                loop.call_at(first.due, _look, loop, lines, timeout_s)
                return
            first.expired = True
            first.task.cancel()
        line.popleft()
    del lines[timeout_s]
