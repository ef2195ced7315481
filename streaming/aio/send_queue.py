"""The ordered, bounded way out to one client: what is put first is written first, and the close comes last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.fairness import CooperativeYield

logger = logging.getLogger(__name__)

OUTBOX_CHARACTERS = 1_000_000
WRITE_TIMEOUT_S = 60.0
"""A client that reads nothing for so long is let go."""

NORMAL = 1000
POLICY = 1008
TOO_MUCH = 1009


class SendQueue:
    """Texts on their way to a client, written one after the other by `run`.

    Args:
        write: sends one text and waits as long as the server makes its caller wait.
        close: closes the connection with a code (RFC 6455 section 7.4) and a reason of at most 123 bytes.
    """

    def __init__(self, write: Callable[[str], Awaitable[None]], close: Callable[[int, str], Awaitable[None]]) -> None:
        self._write = write
        self._close = close
        self._texts: BoundedQueue[str] = BoundedQueue(OUTBOX_CHARACTERS)
        self._code = NORMAL
        self._reason = ""

    @property
    def closed(self) -> bool:
        """Whether nothing more can be put in."""
        return self._texts.closed

    @property
    def idle(self) -> bool:
        """Whether everything was written, and the writer waits for more."""
        return self._texts.awaited

    @property
    def crowded(self) -> bool:
        """Whether so much waits that whatever may be dropped should be."""
        return self._texts.weight > OUTBOX_CHARACTERS // 4

    def put(self, text: str) -> None:
        """Send a text that cannot be repeated later; a client too slow even for those is let go."""
        if not self._texts.put(text, len(text)) and not self.closed:
            self.finish(POLICY, "messages were not read", discard=True)

    async def put_when_room(self, text: str) -> bool:
        """Send a text as soon as there is room. Returns False when the client is gone."""
        return await self._texts.put_when_room(text, len(text))

    def finish(self, code: int = NORMAL, reason: str = "", *, discard: bool = False) -> None:
        """Write what waits (unless discarded), then close. The first call decides the code."""
        if not self.closed:
            self._code, self._reason = code, reason
            self._texts.close(discard=discard)

    async def run(self) -> None:
        """Write until finished or until the client no longer reads, then close the connection."""
        fair = CooperativeYield()
        try:
            while True:
                text = await self._texts.get()
                fair.begin_item()
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await self._write(text)
                await fair.after_item()
        except QueueClosed:
            pass
        except TimeoutError:
            self._code, self._reason = POLICY, "messages were not read"
            self._texts.close(discard=True)
        except Exception as error:  # the connection went away while something was being written
            logger.debug("a client went away: %s", type(error).__name__)
            self._texts.close(discard=True)
        try:
            await self._close(self._code, self._reason)
        except Exception as error:
            logger.debug("a connection was closed already: %s", type(error).__name__)
