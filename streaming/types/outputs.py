"""Outputs of a handler besides audio and video: a numbered log of limited length with any number of subscribers.

A subscriber holds a cursor and reads from the log, so that a slow one needs no memory and takes nothing from the others. A subscriber that
falls further behind than the length of the log misses the oldest outputs.
"""

import asyncio
import copy
from collections import deque
from contextlib import suppress
from typing import Any

KEPT = 256
"""Number of outputs of one session that can be replayed."""
_UNCHANGING = (str, bytes, int, float, complex, type(None))


class AdditionalOutputs:
    """Any values that a handler yields for its subscribers, such as a chat history. They are in `args`.

    They are copied, with the objects in them, so that a handler may change a list later. What cannot be copied stays shared.
    """

    def __init__(self, *args: Any) -> None:
        self._given: tuple[Any, ...] = args
        self.args = tuple(snapshot(value) for value in args)

    def copy_again(self) -> None:
        """Copy the values as they are now. They stay as they were copied first if another thread changes them during the copy."""
        with suppress(RuntimeError):  # of a dictionary
            self.args = tuple(snapshot(value) for value in self._given)

    def release(self) -> None:
        """Keep the copies only."""
        self._given = self.args


class CloseStream:
    """Ends the session when a handler yields or returns it, alone or behind audio or a video frame, which is played first."""

    def __init__(self, msg: str = "Stream closed") -> None:
        self.msg = msg


class OutputLog:
    """The outputs of one session, numbered 1, 2, 3 ...; used in one event loop."""

    def __init__(self) -> None:
        self.last = 0
        """Number of the newest output; 0 before the first."""
        self.closed = False
        self._kept: deque[AdditionalOutputs] = deque(maxlen=KEPT)
        self._waiting: set[asyncio.Future[None]] = set()

    def append(self, outputs: AdditionalOutputs) -> int:
        """Append an output, wake all waiting subscribers, and return its number."""
        outputs.release()
        self._kept.append(outputs)
        self.last += 1
        self._wake_subscribers()
        return self.last

    def close(self) -> None:
        """End the log; subscribers read the remaining outputs, then end."""
        self.closed = True
        self._wake_subscribers()

    @property
    def latest(self) -> AdditionalOutputs | None:
        """The newest output."""
        return self._kept[-1] if self._kept else None

    @property
    def subscribers(self) -> int:
        """Number of subscribers that are waiting for the next output."""
        return len(self._waiting)

    def after(self, number: int) -> tuple[int, AdditionalOutputs] | None:
        """Return the first output after `number` that is still kept, with its own number; None if there is none yet."""
        if number >= self.last:
            return None
        found = max(number + 1, self.last - len(self._kept) + 1)
        return found, self._kept[found - self.last - 1]

    async def next_after(self, number: int, wait_s: float | None = None) -> tuple[int, AdditionalOutputs] | None:
        """Wait for the first output after `number`, at most `wait_s` seconds, and return it with its own number.

        Return None once the log is closed, or if none comes in that time. A number beyond the last output (of another session with the
        same id) counts as 0.
        """
        number = number if 0 <= number <= self.last else 0
        if number == self.last and not self.closed:
            await self._changed(wait_s)
        return self.after(number)

    async def _changed(self, wait_s: float | None) -> None:
        """Wait for the next output, the end, or `wait_s` seconds. One future and one timer: `asyncio.timeout` costs three times as much."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        timer = None if wait_s is None else loop.call_later(wait_s, _wake, waiter)
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
            if timer is not None:
                timer.cancel()

    def _wake_subscribers(self) -> None:
        for waiter in self._waiting:
            _wake(waiter)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def snapshot(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """Return a deep copy of a value. Objects in it that cannot be copied are in the copy themselves.

    A list or dictionary that contains itself is copied once. `memo` has the copies so far, by the id of their original.
    """
    if isinstance(value, _UNCHANGING):
        return value
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if type(value) is dict:
        found: dict[Any, Any] = {}
        memo[id(value)] = found
        found.update((key, snapshot(item, memo)) for key, item in value.items())
        return found
    if type(value) is list:
        items: list[Any] = []
        memo[id(value)] = items
        items.extend(snapshot(item, memo) for item in value)
        return items
    if type(value) is tuple:
        return tuple(snapshot(item, memo) for item in value)
    return _copied(value)


def _copied(value: Any) -> Any:
    """Return a deep copy of an object, or the object where it cannot be copied."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
