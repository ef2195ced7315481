"""One participant's live connection to a stream: a bounded inbox, a handler, an end that always comes.

A transport offers messages as they arrive and never waits; the session gives them to its handler one after the other,
in a task of its own, and whatever happens calls `shutdown` exactly once and gives its place back (design law 5).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from uuid import UUID, uuid4

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.aio.fairness import CooperativeYield
from streaming.aio.safe_log import error_location
from streaming.cluster.registry import registry
from streaming.types.session_end import End

logger = logging.getLogger(__name__)

INBOX_BYTES = 1_000_000
"""What a client may send ahead of its handler: half a minute of 16 kHz audio."""
SHUTDOWN_S = 90.0
"""How long a handler may take to finish: more than hearing the rest, storing it and telling it may take together."""

Message = TypeVar("Message")
Incoming = TypeVar("Incoming", contravariant=True)


class Handler(Protocol[Incoming]):
    """What a session needs of the code behind it."""

    @property
    def patience_s(self) -> float:
        """How long the client may take for its next step before the session ends as IDLE."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the client said all it had to say; asked after each message."""
        ...

    async def handle(self, message: Incoming) -> bool:
        """Do what one message asks for; waiting in here makes the client wait.

        Return whether that was a step: only then the client's time begins anew, so that no idle talk holds a place for ever.
        """
        ...

    async def shutdown(self, end: End) -> None:
        """Finish what was pending and let everything go. Called exactly once."""
        ...


class Session(Generic[Message]):
    """The life of one connection; `run` is that life, from its place in the registry to its end."""

    def __init__(self, weigh: Callable[[Message], int] = lambda message: 1) -> None:
        self.id: UUID = uuid4()
        self.ended = asyncio.Event()
        self._weigh = weigh
        self._inbox: BoundedQueue[Message] = BoundedQueue(INBOX_BYTES)
        self._end = End.LOST

    def offer(self, message: Message) -> bool:
        """Put a message into the inbox; False when there is no room for it."""
        return self._inbox.put(message, self._weigh(message))

    async def offer_when_room(self, message: Message) -> None:
        """Put a message into the inbox as soon as there is room: for servers that make their client wait."""
        await self._inbox.put_when_room(message, self._weigh(message))

    def hang_up(self, end: End = End.LOST) -> None:
        """Let nothing more in; what is in the inbox is still handled."""
        if not self._inbox.closed:
            self._end = end
            self._inbox.close(discard=end is End.OVERRUN)

    def end_early(self, end: End) -> None:
        """End for a reason of the server's: what was received is still handled and stored."""
        self.hang_up(end)

    async def run(self, handler: Handler[Message]) -> End:
        """Serve until the end and return why it came. Raises TooManySessions without having begun."""
        live = registry()
        live.add(self)
        live.start_background_tasks()
        try:
            self._end = await self._serve(handler)
        except Exception as error:
            logger.error("session %s failed: %s", self.id, error_location(error))
            self._end = End.FAILED
        except asyncio.CancelledError:
            self._end = End.SHUTDOWN if live.draining else End.LOST
        finally:
            self._inbox.close(discard=True)
            await self._shut_down(handler)
            live.remove(self)
            self.ended.set()
        return self._end

    async def _serve(self, handler: Handler[Message]) -> End:
        loop = asyncio.get_running_loop()
        fair = CooperativeYield()
        waited = 0.0  # for the client alone: what the handler takes is not its fault
        while not handler.finished:
            since = loop.time()
            try:
                async with asyncio.timeout(handler.patience_s - waited):
                    message = await self._inbox.get()
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
