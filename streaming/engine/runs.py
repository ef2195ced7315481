"""One run of a developer's generator: synchronous ones in a thread of their own, asynchronous ones in the event loop."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from streaming.engine.contained import contained
from streaming.engine.kinds import generates_async, is_async
from streaming.engine.lanes import MOST_LEFT, Lane

CLOSE_S = 1.0
"""How long an asynchronous generator may take to end when it is closed."""

_END = object()
_closing: set[asyncio.Task[None]] = set()


class Run:
    """A generator function called with `args`, item by item. A plain function gives one item, or what it returns is gone through."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], leave: Callable[[asyncio.Future[Any]], None] | None = None
    ) -> None:
        self._function = function
        self._leave = leave
        self._args = args
        self._lane = Lane("handler-reply")
        self._items: Iterator[Any] | AsyncIterator[Any] | None = None
        self.closed = False

    async def next(self) -> Any:
        """Return the next item. Raises StopAsyncIteration at the end, and whatever the function raises."""
        if self._items is None:
            self._items = await contained(self._begin)()
        if isinstance(self._items, AsyncIterator):
            return await contained(anext)(self._items)
        item = await self._lane.run(partial(next, self._items, _END))
        if item is _END:
            raise StopAsyncIteration
        return item

    def close(self) -> None:
        """End it without waiting: a generator in the middle of its work is closed at its next yield, and its item is dropped."""
        if self.closed:
            return
        self.closed = True
        items, self._items = self._items, iter(())
        if isinstance(items, AsyncIterator):
            self._lane.close()
            task = asyncio.create_task(_end(items))
            _closing.add(task)
            task.add_done_callback(_closing.discard)
        else:
            last = self._lane.finally_do(getattr(items, "close", _nothing))
            if last is not None and self._leave is not None:
                self._leave(last)

    async def _begin(self) -> Iterator[Any] | AsyncIterator[Any]:
        call = partial(self._function, *self._args)
        if is_async(self._function):
            made = await call()
        elif generates_async(self._function):
            made = call()
        else:
            made = await self._lane.run(call)
        if inspect.isawaitable(made):
            made = await made
        if isinstance(made, Iterator | AsyncIterator):
            return made
        return iter(() if made is None else (made,))


class Runs:
    """The runs of one session. A client may begin them again and again, so those that it left behind blocked are counted."""

    def __init__(self) -> None:
        self._left: set[asyncio.Future[Any]] = set()

    async def begin(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Run:
        """Return a new run; waits while too many that were closed are still in the middle of a step."""
        while len(self._left) >= MOST_LEFT:
            await asyncio.wait(self._left, return_when=asyncio.FIRST_COMPLETED)
        return Run(function, args, self._note)

    def _note(self, last: asyncio.Future[Any]) -> None:
        self._left.add(last)
        last.add_done_callback(self._left.discard)


async def _end(items: AsyncIterator[Any]) -> None:
    """Close an asynchronous generator, which may still be on its way out of a cancelled step."""
    close = getattr(items, "aclose", None)
    if close is None:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            while True:
                try:
                    await close()
                    return
                except RuntimeError:  # it is running at this moment
                    await asyncio.sleep(0.01)
                except Exception:  # its own clean-up failed; nobody waits for its result any more
                    return


def _nothing() -> None:
    """What is left to do for something that cannot be closed."""
