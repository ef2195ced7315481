"""The session of a message-based connection: a bounded input queue, a handler, and exactly one end.

A transport offers messages as they arrive and never waits. The session passes them to its handler one after the other, in its own task. In
every case it calls `shutdown` exactly once and frees its slot (design law 5).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from uuid import UUID, uuid4

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.fairness import CooperativeYield
from streaming.aio.safe_log import error_location
from streaming.cluster.runtime import runtime
from streaming.types.session_end import End

logger = logging.getLogger(__name__)

INBOX_BYTES = 1_000_000
"""Bytes that may be queued for the handler: half a minute of 16 kHz audio."""
SHUTDOWN_S = 90.0
"""Seconds that a handler may take to shut down: more than recognising, storing and sending the rest may take together."""

Message = TypeVar("Message")
Incoming = TypeVar("Incoming", contravariant=True)


class Handler(Protocol[Incoming]):
    """The handler as the session sees it."""

    @property
    def patience_s(self) -> float:
        """Seconds without activity of the client after which the session ends as IDLE."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the session is complete; checked after each message."""
        ...

    async def handle(self, message: Incoming) -> bool:
        """Process one message; the next one is read only afterwards, which gives back-pressure.

        Return True if the message counts as activity. Only then is the idle timeout reset, so that pings cannot hold a slot for ever.
        """
        ...

    async def shutdown(self, end: End) -> None:
        """Finish pending work and release all resources. Called exactly once."""
        ...


class Session(Generic[Message]):
    """One session; `run` covers its life, from the slot in the registry to the end."""

    def __init__(self, weigh: Callable[[Message], int] = lambda message: 1, description: str = "") -> None:
        self.id: UUID = uuid4()
        self.ended = asyncio.Event()
        self._weigh = weigh
        self._description = description
        self._queue: BoundedQueue[Message] = BoundedQueue(INBOX_BYTES)
        self._end = End.LOST

    def offer(self, message: Message) -> bool:
        """Queue a message; return False if there is no room."""
        return self._queue.put(message, self._weigh(message))

    async def offer_when_room(self, message: Message) -> None:
        """Queue a message as soon as there is room: for transports with back-pressure."""
        await self._queue.put_when_room(message, self._weigh(message))

    def hang_up(self, end: End = End.LOST) -> None:
        """Refuse new messages; queued ones are still handled, except after OVERRUN."""
        if not self._queue.closed:
            self._end = end
            self._queue.close(discard=end is End.OVERRUN)

    def end_early(self, end: End) -> None:
        """End for a reason of the server; queued messages are still handled and stored."""
        self.hang_up(end)

    async def run(self, handler: Handler[Message]) -> End:
        """Serve the session and return why it ended. Raises TooManySessions before it begins."""
        live = runtime().registry
        live.add(self, self._description)
        try:
            self._end = await self._serve(handler)
        except Exception as error:
            logger.error("session %s failed: %s", self.id, error_location(error))
            self._end = End.FAILED
        except asyncio.CancelledError:
            self._end = End.SHUTDOWN if live.draining else End.LOST
        finally:
            self._queue.close(discard=True)
            await self._shut_down(handler)
            live.remove(self, self._end.value)
            self.ended.set()
        return self._end

    async def _serve(self, handler: Handler[Message]) -> End:
        loop = asyncio.get_running_loop()
        fair = CooperativeYield()
        waited = 0.0  # counts only the wait for the client, not the time that the handler takes
        while not handler.finished:
            since = loop.time()
            try:
                async with asyncio.timeout(handler.patience_s - waited):
                    message = await self._queue.get()
            except TimeoutError:
                return End.IDLE
            except QueueClosed:
                return self._end
            waited += loop.time() - since
            fair.begin_item()
            if await handler.handle(message):
                waited = 0.0
            await fair.after_item()
        return End.FINISHED

    async def _shut_down(self, handler: Handler[Message]) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(handler.shutdown(self._end))), SHUTDOWN_S)
        except Exception as error:
            logger.error("session %s did not shut down cleanly: %s", self.id, error_location(error))
