"""One run of a developer's generator: synchronous ones in a thread of their own, asynchronous ones in the event loop."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

from streaming.aio.isolation import contained
from streaming.aio.safe_log import error_location
from streaming.aio.worker_thread import MOST_LEFT, WorkerThread
from streaming.handlers.handler_types import generates_async, is_async

CLOSE_S = 1.0
"""How long an asynchronous generator may take to end when it is closed; then it is cancelled."""
CANCELS = 10
"""How often, where it goes on all the same."""
PAUSE_S = 0.01

logger = logging.getLogger(__name__)

_END = object()
_closing: set[asyncio.Task[None]] = set()


class GeneratorRun:
    """A generator function called with `args`, item by item. A plain function gives one item, or what it returns is gone through."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], leave: Callable[[asyncio.Future[Any]], None] | None = None
    ) -> None:
        self._function = function
        self._leave = leave
        self._args = args
        self._lane = WorkerThread("handler-reply")
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
            _close(items)
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


class GeneratorRuns:
    """The runs of one session. A client may begin them again and again, so those that it left behind blocked are counted."""

    def __init__(self) -> None:
        self._left: set[asyncio.Future[Any]] = set()

    async def begin(self, function: Callable[..., Any], args: tuple[Any, ...]) -> GeneratorRun:
        """Return a new run; waits while too many that were closed are still in the middle of a step."""
        while len(self._left) >= MOST_LEFT:
            await asyncio.wait(self._left, return_when=asyncio.FIRST_COMPLETED)
        return GeneratorRun(function, args, self._note)

    def _note(self, last: asyncio.Future[Any]) -> None:
        self._left.add(last)
        last.add_done_callback(self._left.discard)


def _close(items: AsyncIterator[Any]) -> None:
    """Close an asynchronous generator in a task of its own, which ends."""
    task = asyncio.create_task(_end(items))
    timer = asyncio.get_running_loop().call_later(CLOSE_S, _hurry, task, CANCELS)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    task.add_done_callback(lambda _: timer.cancel())


def _hurry(task: asyncio.Task[None], cancels: int) -> None:
    """Cancel what takes too long, and again where that is ignored; what ignores them all is left to itself."""
    if task.done():
        return
    if cancels == CANCELS:
        logger.warning("a handler's generator did not end within %g s", CLOSE_S)
    if cancels:
        task.cancel()
        asyncio.get_running_loop().call_later(PAUSE_S, _hurry, task, cancels - 1)


async def _end(items: AsyncIterator[Any]) -> None:
    """Close an asynchronous generator, which may still be on its way out of a cancelled step; raises nothing but cancellations."""
    close = getattr(items, "aclose", None)
    while close is not None:
        try:
            await contained(close)()
            return
        except Exception as error:  # nobody waits for its result any more; one that yields instead of ending does so again
            if not getattr(items, "ag_running", False):
                logger.warning("a handler's generator did not end cleanly: %s", error_location(error))
                return
        await asyncio.sleep(PAUSE_S)


def _nothing() -> None:
    """What is left to do for something that cannot be closed."""
