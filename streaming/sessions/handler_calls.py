"""Calls of a session to its handler: coroutines in the event loop, other functions in threads. Errors are sent to the client."""

import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from insights.safe_log import error_location
from streaming.aio.isolation import contained
from streaming.aio.worker_thread import MOST_LEFT, WorkerThread
from streaming.handlers.context import SessionContext, WebRTCError, error_message
from streaming.handlers.handler_types import is_async

logger = logging.getLogger(__name__)

_AGAIN_S = 1.0  # seconds between two reports of the same error: a handler may fail with every frame


class HandlerCalls:
    """The threads of one session, one per blocking method, and the reports of its errors."""

    def __init__(self, session_context: SessionContext) -> None:
        self._session_context = session_context
        self._threads: dict[str, WorkerThread] = {}
        self._abandoned: list[tuple[str, WorkerThread]] = []
        self._reported: dict[str, float] = {}
        self._closed = False

    def bind(self, function: Callable[..., Any], name: str, *, bare: bool = False) -> Callable[..., Awaitable[Any]]:
        """Return a coroutine function that calls `function`: in the thread `name`, unless it is a coroutine function itself.

        With `bare`, a coroutine function is returned as it is: its caller handles all that it may raise, which is cheaper per frame.
        """
        if is_async(function):
            return function if bare else contained(function)

        async def call(*args: Any) -> Any:
            result = await self._thread(name).run(partial(function, *args))
            return await result if inspect.isawaitable(result) else result

        return contained(call)

    def report(self, error: Exception) -> None:
        """Send the client an exception of its handler, and log its type and location (not its text: design law 9)."""
        text = str(error) or type(error).__name__
        now = time.monotonic()
        if now - self._reported.get(text, -_AGAIN_S) < _AGAIN_S:
            return
        if len(self._reported) > 100:
            self._reported.clear()
        self._reported[text] = now
        if not (isinstance(error, WebRTCError) and error.sent):
            logger.warning("a handler failed: %s", error_location(error))
            self._session_context.send_message(error_message(text))

    def abandon(self, name: str) -> None:
        """Abandon a thread that may be blocked; the next call of that name gets a new one, or waits where too many are abandoned."""
        self._abandoned = [(other, worker_thread) for other, worker_thread in self._abandoned if worker_thread.working]
        if len(self._abandoned) < MOST_LEFT and (worker_thread := self._threads.pop(name, None)) is not None:
            worker_thread.close()
            self._abandoned.append((name, worker_thread))

    @property
    def blocked(self) -> list[str]:
        """The names of the methods that are running, or blocked, in threads."""
        return sorted({name for name, worker_thread in (*self._threads.items(), *self._abandoned) if worker_thread.working})

    def close(self) -> None:
        """End the threads after their current jobs."""
        self._closed = True
        for worker_thread in self._threads.values():
            worker_thread.close()

    def _thread(self, name: str) -> WorkerThread:
        worker_thread = self._threads.get(name)
        if worker_thread is None:
            if self._closed:
                raise RuntimeError("this session has ended")
            worker_thread = self._threads[name] = WorkerThread(f"handler-{name}")
        return worker_thread
