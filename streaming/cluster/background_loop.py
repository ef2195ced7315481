"""The event loop of a process that serves no requests: a worker. Its synchronous code broadcasts through it.

Without it each call of synchronous code runs an event loop of its own, with new connections to Redis.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import async_to_sync

from streaming.cluster.runtime import runtime

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_S = 5.0


class BackgroundLoop:
    """An event loop in a thread, for the whole process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="background-loop", daemon=True)

    def start(self) -> None:
        """Start the thread; from now on `run_in_loop` of any thread uses this loop."""
        global _started
        self._thread.start()
        _started = self

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return its result; not from the loop's own thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        """Stop the periodic work of the loop, its tasks and its thread."""
        global _started
        _started = None
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_S)
        self._loop.close()

    async def _end(self) -> None:
        await runtime().close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)


_started: BackgroundLoop | None = None


def run_in_loop(work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run an asynchronous function for synchronous code and return its result.

    In a worker it runs in the background loop; for a page in the event loop that serves it; else in a loop of its own.
    """
    if _started is None:
        return async_to_sync(work)(*args, **kwargs)

    async def call() -> T:
        return await work(*args, **kwargs)

    return _started.run(call())
