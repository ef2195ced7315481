"""One thread per blocking handler method, so that any number of blocked handlers does not stop other sessions (design law 4).

A shared pool would be exhausted by blocked handlers.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

MOST_LEFT = 8
"""Abandoned threads of one session and kind that may still be blocked; at this limit the next job waits for the current thread."""

_Job = tuple[Callable[[], Any], asyncio.Future[Any]]


class WorkerThread:
    """One thread that runs jobs in order, started by the first one. A daemon, so that a blocked handler does not keep the server up."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.working = False
        """Whether a job is running, or blocked."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run work in the thread, in a copy of the caller's context, and return its result.

        A cancelled caller returns at once: work that has started continues and its result is dropped; work that has not is skipped.
        Raises RuntimeError when closed.
        """
        if self._closed:
            raise RuntimeError("this session has ended")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        context = contextvars.copy_context()
        self._put(lambda: context.run(work), future)
        return await future

    def finally_do(self, work: Callable[[], object]) -> asyncio.Future[Any] | None:
        """Queue a last job and end the thread after it; return the job's future, or None where there is no thread."""
        future: asyncio.Future[Any] | None = None
        if self._thread is not None and not self._closed:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.cancelled() or done.exception())  # retrieved, so that asyncio does not warn
            self._put(work, future)
        self.close()
        return future

    def close(self) -> None:
        """End the thread after the running and the queued jobs."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)

    def _put(self, work: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put((work, future))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, future = job
            if future.cancelled():  # the caller was cancelled before the job began
                del job, work, future
                continue
            result, error = None, None
            self.working = True
            try:
                result = work()
            except Exception as raised:  # a future cannot hold StopIteration (of a bare `next()`): the caller would never return
                error = RuntimeError("the handler raised StopIteration") if isinstance(raised, StopIteration) else raised
            except BaseException as raised:  # a handler that calls exit() must end neither this thread nor the server
                error = RuntimeError(f"the handler raised {type(raised).__name__}")
            self.working = False
            if not _settle(future, result, error):
                return
            del job, work, future, result, error  # so that a waiting thread keeps no object of a finished job alive


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> bool:
    """Set a result in the event loop of its future; return False when that loop is closed."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:  # the loop is closed: no caller waits any more
        return False
    return True
