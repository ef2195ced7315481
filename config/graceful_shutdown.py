"""uvicorn at SIGTERM: live sessions end first, then uvicorn closes what is left.

uvicorn's own order is the other way round: it closes every WebSocket with 1012 at once and lets the application shut down last, so what
is stored then reaches nobody. `DrainFirst` takes over the signal handlers that uvicorn has installed before it starts the application,
drains on the first signal, and then calls uvicorn's handler. Our Daphne (config/daphne_server.py) has this order by itself.
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
"""Signals that come within this of the first are the same request: systemd and terminals signal each worker, and so does their parent."""

SignalHandler = Callable[[int, FrameType | None], Any]


class DrainFirst:
    """Calls `drain` once before the server closes its connections, whether a signal or the server itself ends the process.

    A second signal does not wait for the drain any more. For the main thread of a process; elsewhere signals are left alone.
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
        """Take over the signal handlers of the server; to be called in its event loop."""
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            before = signal.getsignal(number)
            try:
                if callable(before):
                    signal.signal(number, self._on_signal)
                    self._handlers[number] = before
            except ValueError:  # not the main thread: whoever runs the server there ends it without signals
                logger.info("signals are not handled here: sessions end when the server stops the application")
                return

    async def finish(self) -> None:
        """Drain, unless a signal had that done or skipped; for the end of the application."""
        if not self._skipped:
            await asyncio.shield(self._begin())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Begin to drain, or skip the rest of it."""
        if self._loop is None or self._skipped:
            self._handlers[number](number, frame)
        elif self._first is None:
            self._first = self._clock(), number
            self._loop.call_soon_threadsafe(self._drain_and_go_on, number)
        elif self._clock() - self._first[0] > SAME_REQUEST_S:
            self._skipped = True
            self._loop.call_soon_threadsafe(self._skip)
            self._handlers[number](number, frame)

    def _begin(self) -> asyncio.Task[None]:
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())
        return self._draining

    def _drain_and_go_on(self, number: int) -> None:
        def drained(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("the sessions could not be ended in order (%s)", type(error).__name__)
            if not self._skipped:
                self._skipped = True  # the next signal is the server's alone
                self._handlers[number](number, None)

        self._begin().add_done_callback(drained)

    def _skip(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
