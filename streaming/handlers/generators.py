"""Runs of developers' generators: each synchronous one in its own thread, asynchronous ones in the event loop."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

from insights.safe_log import error_location
from streaming.aio.isolation import contained
from streaming.aio.worker_thread import MOST_LEFT, WorkerThread
from streaming.handlers.handler_types import generates_async, is_async
from streaming.types.outputs import AdditionalOutputs

CLOSE_S = 1.0
"""Seconds that an asynchronous generator may take to close; then it is cancelled."""
CANCELS = 10
"""Number of cancellations of a generator that ignores them."""
PAUSE_S = 0.01
"""Seconds between two of them."""
COPY_AFTER_S = 0.05
"""Seconds that a generator runs on before an output that it yielded is copied (docs/adr/0130-copies-of-yielded-outputs.md)."""

logger = logging.getLogger(__name__)

_END = object()
_closing: set[asyncio.Task[None]] = set()


class GeneratorRun:
    """One run of a generator function with `args`. A plain function gives one item, or the items of an iterator that it returns.

    `leave` is called with the future of the last step where that is still running at `close`.
    """

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], leave: Callable[[asyncio.Future[Any]], None] | None = None
    ) -> None:
        self._function = function
        self._leave = leave
        self._args = args
        self._thread = WorkerThread("handler-reply")
        self._items: Iterator[Any] | AsyncIterator[Any] | None = None
        self._ahead: asyncio.Task[Any] | None = None  # the step behind an output, begun before its item is wanted
        self.closed = False

    async def next(self) -> Any:
        """Return the next item. Raises StopAsyncIteration at the end, and what the function raises."""
        ahead, self._ahead = self._ahead, None
        item = await (self._step() if ahead is None else ahead)
        if isinstance(item, AdditionalOutputs) and not self.closed:
            self._ahead = asyncio.create_task(self._step())
            self._ahead.add_done_callback(lambda done: done.cancelled() or done.exception())  # retrieved, also where nobody wants it
            await asyncio.wait({self._ahead}, timeout=COPY_AFTER_S)
            if not self._ahead.done():
                item.copy_again()
        return item

    async def _step(self) -> Any:
        """Run the generator until its next item."""
        if self._items is None:
            self._items = await contained(self._start)()
        if isinstance(self._items, AsyncIterator):
            return await contained(anext)(self._items)
        item = await self._thread.run(partial(next, self._items, _END))
        if item is _END:
            raise StopAsyncIteration
        return item

    def close(self) -> None:
        """End the run without waiting: a running generator is closed at its next yield, and that item is dropped."""
        if self.closed:
            return
        self.closed = True
        items, self._items = self._items, iter(())
        if isinstance(items, AsyncIterator):
            self._thread.close()
            if self._ahead is not None:
                self._ahead.cancel()
            _close(items)
        else:
            last = self._thread.finally_do(getattr(items, "close", _nothing))
            if last is not None and self._leave is not None:
                self._leave(last)

    async def _start(self) -> Iterator[Any] | AsyncIterator[Any]:
        call = partial(self._function, *self._args)
        if is_async(self._function):
            made = await call()
        elif generates_async(self._function):
            made = call()
        else:
            made = await self._thread.run(call)
        if inspect.isawaitable(made):
            made = await made
        if isinstance(made, Iterator | AsyncIterator):
            return made
        return iter(() if made is None else (made,))


class GeneratorRuns:
    """The runs of one session. A client can start any number of them, so closed runs that are still blocked are counted."""

    def __init__(self) -> None:
        self._still_running: set[asyncio.Future[Any]] = set()

    async def begin(self, function: Callable[..., Any], args: tuple[Any, ...]) -> GeneratorRun:
        """Return a new run; wait while `MOST_LEFT` closed runs are still in a step."""
        while len(self._still_running) >= MOST_LEFT:
            await asyncio.wait(self._still_running, return_when=asyncio.FIRST_COMPLETED)
        return GeneratorRun(function, args, self._count)

    def _count(self, last: asyncio.Future[Any]) -> None:
        self._still_running.add(last)
        last.add_done_callback(self._still_running.discard)


def _close(items: AsyncIterator[Any]) -> None:
    """Close an asynchronous generator in its own task, which is sure to end."""
    task = asyncio.create_task(_end(items))
    timer = asyncio.get_running_loop().call_later(CLOSE_S, _cancel_late, task, CANCELS)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
    task.add_done_callback(lambda _: timer.cancel())


def _cancel_late(task: asyncio.Task[None], cancels: int) -> None:
    """Cancel a generator that does not end, repeatedly where it ignores that; after `CANCELS` times it is left running."""
    if task.done():
        return
    if cancels == CANCELS:
        logger.warning("a handler's generator did not end within %g s", CLOSE_S)
    if cancels:
        task.cancel()
        asyncio.get_running_loop().call_later(PAUSE_S, _cancel_late, task, cancels - 1)


async def _end(items: AsyncIterator[Any]) -> None:
    """Close an asynchronous generator, which may still be leaving a cancelled step. Raises CancelledError only."""
    close = getattr(items, "aclose", None)
    while close is not None:
        try:
            await contained(close)()
            return
        except Exception as error:  # retried only while it is running: one that yields in `aclose` would do so again
            if not getattr(items, "ag_running", False):
                logger.warning("a handler's generator did not end cleanly: %s", error_location(error))
                return
        await asyncio.sleep(PAUSE_S)


def _nothing() -> None:
    """Do nothing: for items that cannot be closed."""
