"""Graceful shutdown on uvicorn: on SIGTERM live sessions end first, then uvicorn closes the remaining connections.

uvicorn uses the opposite order: it closes every WebSocket with 1012 at once and shuts the application down last, so results that are
stored then reach no client. `DrainFirst` replaces the signal handlers that uvicorn installs before it starts the application, drains on
the first signal, and then calls uvicorn's handler. Our Daphne (config/daphne_server.py) drains by itself.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_REQUEST_S = 1.0
"""Seconds after the first signal within which further signals are ignored: systemd or a terminal signals each worker, and so does the
parent process."""

SignalHandler = Callable[[int, FrameType | None], Any]


class DrainFirst:
    """Calls `drain` once before the server closes its connections, on a signal or at the end of the lifespan.

    A second signal skips the drain. Signals are handled only in the main thread of a process.
    """

    def __init__(self, drain: Callable[[], Awaitable[None]], clock: Callable[[], float] = time.monotonic) -> None:
        self._drain = drain
        self._clock = clock
        self._handlers: dict[int, SignalHandler] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None
        self._first: tuple[float, int] | None = None
        self._skipped = False

    def install(self) -> None:
        """Replace the signal handlers of the server; must be called in its event loop."""
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            before = signal.getsignal(number)
            try:
                if callable(before):
                    signal.signal(number, self._on_signal)
                    self._handlers[number] = before
            except ValueError:  # not the main thread: the server is stopped without signals
                logger.info("not in the main thread: sessions are drained when the server stops the application, not on signals")
                return

    async def finish(self) -> None:
        """Drain, unless a signal already did or skipped it; for the end of the lifespan."""
        if not self._skipped:
            await asyncio.shield(self._begin())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Start the drain, or skip the rest of it."""
        if self._loop is None or self._skipped:
            self._handlers[number](number, frame)
        elif self._first is None:
            self._first = self._clock(), number
            self._loop.call_soon_threadsafe(self._drain_then_handle, number)
        elif self._clock() - self._first[0] > SAME_REQUEST_S:
            self._skipped = True
            self._loop.call_soon_threadsafe(self._skip)
            self._handlers[number](number, frame)

    def _begin(self) -> asyncio.Task[None]:
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())
        return self._draining

    def _drain_then_handle(self, number: int) -> None:
        def drained(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("draining the sessions failed (%s)", type(error).__name__)
            if not self._skipped:
                self._skipped = True  # later signals go to the server only
                self._handlers[number](number, None)

        self._begin().add_done_callback(drained)

    def _skip(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
