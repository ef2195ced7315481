"""Runs the lifespan of an ASGI application inside of another one's: its startup and shutdown functions, synchronous or not."""

import asyncio
import logging

from config.program.mounting import Asgi
from streaming.types.asgi import AsgiMessage, AsgiScope

logger = logging.getLogger(__name__)


class StartupFailed(Exception):
    """The application reported that it cannot start; the text is its message."""


class Lifespan:
    """The lifespan of one application. `startup` and `shutdown` return when the application is done with it."""

    def __init__(self, application: Asgi) -> None:
        self._application = application
        self._messages: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._answers: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self, scope: AsgiScope) -> None:
        """Start the application. Raises StartupFailed; an application without a lifespan is started at once."""
        self._task = asyncio.create_task(self._application(dict(scope), self._messages.get, self._answers.put))  # type: ignore[arg-type]
        answer = await self._ask("lifespan.startup")
        if answer is None:
            logger.info("the program's application has no lifespan (%s)", await self._end())
        elif answer["type"] == "lifespan.startup.failed":
            await self._end()
            raise StartupFailed(str(answer.get("message", "")))

    async def shutdown(self) -> None:
        """Stop the application."""
        if self._task is None:
            return
        answer = await self._ask("lifespan.shutdown")
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            logger.error("the program's shutdown failed: %s", answer.get("message", ""))
        await self._end()

    async def _end(self) -> str:
        """Wait until the application has ended; return the name of the exception that it raised, or an empty text."""
        task, self._task = self._task, None
        if task is None:
            return ""
        await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
        return type(error).__name__ if error else ""

    async def _ask(self, kind: str) -> AsgiMessage | None:
        """Send a message and return the answer; None if the application ends or raises without one."""
        assert self._task is not None  # noqa: S101
        await self._messages.put({"type": kind})
        answering = asyncio.create_task(self._answers.get())
        await asyncio.wait({self._task, answering}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            return answering.result()
        answering.cancel()
        if not self._answers.empty():
            return self._answers.get_nowait()
        return None
