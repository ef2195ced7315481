"""How a session calls its handler: coroutines in the event loop, anything else in threads; what goes wrong is told to the client."""

import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from streaming.aio.isolation import contained
from streaming.aio.safe_log import error_location
from streaming.aio.worker_thread import MOST_LEFT, WorkerThread
from streaming.handlers.context import Scene, WebRTCError, error_message
from streaming.handlers.handler_types import is_async

logger = logging.getLogger(__name__)

_AGAIN_S = 1.0  # a handler that fails with every frame is reported once in so many seconds


class HandlerCalls:
    """The threads of one session, one for each method that may block, and its troubles."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._lanes: dict[str, WorkerThread] = {}
        self._left: list[tuple[str, WorkerThread]] = []
        self._told: dict[str, float] = {}
        self._closed = False

    def bind(self, function: Callable[..., Any], name: str, *, bare: bool = False) -> Callable[..., Awaitable[Any]]:
        """Return a coroutine function that calls this one, in the thread of that name unless it is a coroutine function itself.

        `bare`: who calls it with every frame contains what leaves it himself.
        """
        if is_async(function):
            return function if bare else contained(function)

        async def call(*args: Any) -> Any:
            result = await self._lane(name).run(partial(function, *args))
            return await result if inspect.isawaitable(result) else result

        return contained(call)

    def report(self, error: Exception) -> None:
        """Tell the client of an exception of its handler, and the log where it happened (not its text: design law 9)."""
        text = str(error) or type(error).__name__
        now = time.monotonic()
        if now - self._told.get(text, -_AGAIN_S) < _AGAIN_S:
            return
        if len(self._told) > 100:
            self._told.clear()
        self._told[text] = now
        if not (isinstance(error, WebRTCError) and error.told):
            logger.warning("a handler failed: %s", error_location(error))
            self._scene.tell(error_message(text))

    def abandon(self, name: str) -> None:
        """Leave a thread to what it is at; the next call of that name gets another one, or waits where too many were left."""
        self._left = [(other, worker_thread) for other, worker_thread in self._left if worker_thread.working]
        if len(self._left) < MOST_LEFT and (worker_thread := self._lanes.pop(name, None)) is not None:
            worker_thread.close()
            self._left.append((name, worker_thread))

    @property
    def blocked(self) -> list[str]:
        """The methods that are under way in threads, or blocked."""
        return sorted({name for name, worker_thread in (*self._lanes.items(), *self._left) if worker_thread.working})

    def close(self) -> None:
        """End the threads after what each is at."""
        self._closed = True
        for worker_thread in self._lanes.values():
            worker_thread.close()

    def _lane(self, name: str) -> WorkerThread:
        worker_thread = self._lanes.get(name)
        if worker_thread is None:
            if self._closed:
                raise RuntimeError("this session has ended")
            worker_thread = self._lanes[name] = WorkerThread(f"handler-{name}")
        return worker_thread
