"""The ordered, bounded queue of messages to one client; the close of the connection comes last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.fairness import CooperativeYield

logger = logging.getLogger(__name__)

QUEUE_CHARACTERS = 1_000_000
"""Characters that may wait for one client."""
WRITE_TIMEOUT_S = 60.0
"""Seconds after which a client that reads nothing is disconnected."""

NORMAL = 1000
POLICY = 1008


class SendQueue:
    """Queue of texts for one client, written one after the other by `run`.

    Args:
        write: sends one text; waits while the server applies back-pressure.
        close: closes the connection with a code (RFC 6455 section 7.4) and a reason of at most 123 bytes.
    """

    def __init__(self, write: Callable[[str], Awaitable[None]], close: Callable[[int, str], Awaitable[None]]) -> None:
        self._write = write
        self._close = close
        self._texts: BoundedQueue[str] = BoundedQueue(QUEUE_CHARACTERS)
        self._code = NORMAL
        self._reason = ""
        self._queued = 0
        self._written = 0
        self._progress = asyncio.Event()
        """Set after each write and at the end, for `written`."""
        self._ended = False

    @property
    def closed(self) -> bool:
        """Whether new texts are refused."""
        return self._texts.closed

    @property
    def reason(self) -> str:
        """Why the server closes the connection; empty before that, and where the client closed it or was sent everything."""
        return self._reason

    @property
    def idle(self) -> bool:
        """Whether everything that was queued is written."""
        return self._written >= self._queued or self._ended

    @property
    def crowded(self) -> bool:
        """Whether more than a quarter of the limit waits, so that callers should drop what may be dropped."""
        return self._texts.weight > QUEUE_CHARACTERS // 4

    def put(self, text: str) -> None:
        """Queue a text that cannot be sent again later; at the limit the client is disconnected with POLICY."""
        if self._texts.put(text, len(text)):
            self._queued += 1
        elif not self.closed:
            self.finish(POLICY, "messages were not read", discard=True)

    async def put_when_room(self, text: str) -> bool:
        """Queue a text as soon as there is room. Return False if the queue was closed."""
        queued = await self._texts.put_when_room(text, len(text))
        self._queued += queued
        return queued

    async def written(self) -> None:
        """Wait until the texts that are queued now are written, or the connection is closed."""
        queued = self._queued
        while self._written < queued and not self._ended:
            self._progress.clear()
            await self._progress.wait()

    def finish(self, code: int = NORMAL, reason: str = "", *, discard: bool = False) -> None:
        """Write the queued texts (unless discarded), then close the connection. The first call decides code and reason."""
        if not self.closed:
            self._code, self._reason = code, reason
            self._texts.close(discard=discard)

    async def run(self) -> None:
        """Write texts until `finish`, or until a write fails or times out, then close the connection."""
        fair = CooperativeYield()
        try:
            while True:
                text = await self._texts.get()
                fair.begin_item()
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await self._write(text)
                self._written += 1
                self._progress.set()
                if fair.ends_turn():
                    await fair.pause()
        except QueueClosed:
            pass
        except TimeoutError:
            self._code, self._reason = POLICY, "messages were not read"
            self._texts.close(discard=True)
        except Exception as error:  # the connection was lost during a write
            logger.debug("a connection was lost: %s", type(error).__name__)
            self._texts.close(discard=True)
        self._ended = True
        self._progress.set()
        try:
            await self._close(self._code, self._reason)
        except Exception as error:
            logger.debug("a connection was closed already: %s", type(error).__name__)
