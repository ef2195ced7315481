"""Threads for handlers that block: each has its own, so that two hundred blocked ones still leave everybody else at work.

A pool would be full of them (design law 4).
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

MOST_LEFT = 8
"""Threads of one session, of one kind, that may still be blocked in what nobody waits for any more; then the next thing waits."""

_Job = tuple[Callable[[], Any], asyncio.Future[Any]]


class WorkerThread:
    """One thread, started by its first job, that does one thing after the other; a daemon, so that no handler keeps a server up."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.working = False
        """Whether the thread is at something, or blocked in it."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work in the thread, in the caller's context, and return what it returns.

        A caller that is cancelled leaves at once; work that has begun goes on and its result is dropped, work that has not is left out.
        Raises RuntimeError when closed.
        """
        if self._closed:
            raise RuntimeError("this session has ended")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        context = contextvars.copy_context()
        self._put(lambda: context.run(work), future)
        return await future

    def finally_do(self, work: Callable[[], object]) -> asyncio.Future[Any] | None:
        """Do a last thing after what is under way and end the thread; return what is done then, None where there is no thread."""
        future: asyncio.Future[Any] | None = None
        if self._thread is not None and not self._closed:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.cancelled() or done.exception())  # taken note of, so nobody warns
            self._put(work, future)
        self.close()
        return future

    def close(self) -> None:
        """End the thread after what is under way; jobs that wait are still done."""
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
            if future.cancelled():  # whoever wanted it has gone before it began
                del job, work, future
                continue
            result, error = None, None
            self.working = True
            try:
                result = work()
            except Exception as raised:  # no future takes StopIteration, that of a bare `next()`: whoever waits would wait for ever
                error = RuntimeError("the handler raised StopIteration") if isinstance(raised, StopIteration) else raised
            except BaseException as raised:  # a handler that calls exit() must not end the thread without a word, nor the server
                error = RuntimeError(f"the handler raised {type(raised).__name__}")
            self.working = False
            if not _settle(future, result, error):
                return
            del job, work, future, result, error  # while the thread waits it holds nothing of what it did


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> bool:
    """Bring a result into the event loop of its future; False when that loop is closed."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return False
    return True
