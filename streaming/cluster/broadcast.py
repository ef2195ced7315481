"""From one conversation to everyone who listens, in whatever process.

The layer is a doorbell, never a queue (design law 2). A subscription holds a cursor, the number of the last event it
delivered; a ring with the next number carries the event itself, any other ring makes it read the gap from the
database. Rings that were lost are noticed by one query every `POLL_S` for all conversations of the process.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from insights import queries
from insights.database import DATABASE_AWAY
from insights.events import parse
from streaming.aio.bounded_queue import BoundedQueue, FullPolicy, QueueClosed
from streaming.aio.database_executors import run_in_database
from streaming.cluster.pubsub import PubSub, pubsub
from streaming.cluster.transcript_update import Delivery, StoredEvent, TranscriptUpdate

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""How often lost rings are looked for."""
CAUGHT_UP_POLL_S = 0.02
RETRY_S = 1.0
"""How long a listener that missed something waits for a database that is away before it asks again."""
WAITING = 256
"""Deliveries held for a slow listener; older ones are read from the database again when it reads on."""


class Subscription(AsyncIterator[Delivery]):
    """One listener of one conversation: every event after its cursor, in order, once; interim results as they come."""

    def __init__(self, broadcaster: "Broadcaster", conversation_id: int, cursor: int) -> None:
        self.conversation_id = conversation_id
        self.cursor = cursor
        self._fanout = broadcaster
        self._mailbox: BoundedQueue[Delivery | int] = BoundedQueue(WAITING, FullPolicy.DROP_OLDEST)
        self._from_database: deque[StoredEvent] = deque()
        self._behind = False

    def ring(self, delivery: Delivery | int) -> None:
        """Take what the fan-out heard of: an event, an interim result, or only the number of the latest event."""
        self._mailbox.put(delivery)

    async def __anext__(self) -> Delivery:
        while True:
            if self._from_database:
                event = self._from_database.popleft()
                if event.number > self.cursor:
                    self.cursor = event.number
                    return event
                continue
            if self._behind:
                self._from_database.extend(await self._missed())
                self._behind = bool(self._from_database)
                continue
            try:
                delivery = await self._mailbox.get()
            except QueueClosed:
                raise StopAsyncIteration from None
            if self._mailbox.dropped:
                self._mailbox.dropped = 0
                self._behind = True
            if isinstance(delivery, TranscriptUpdate):
                return delivery
            number = delivery if isinstance(delivery, int) else delivery.number
            if isinstance(delivery, StoredEvent) and number == self.cursor + 1:
                self.cursor = number
                return delivery
            self._behind = self._behind or number > self.cursor

    async def _missed(self) -> list[StoredEvent]:
        """Read what follows the cursor; a database that is away for a while ends no listener (design law 2)."""
        told = False
        while not self._mailbox.closed:
            try:
                return await run_in_database(queries.events_after, self.conversation_id, self.cursor)
            except DATABASE_AWAY as error:
                if not told:
                    logger.warning("a listener waits for the database (%s)", type(error).__name__)
                told = True
                await asyncio.sleep(RETRY_S)
        return []

    async def close(self) -> None:
        """Stop listening; whoever waits for the next delivery is told that there is none."""
        self._mailbox.close(discard=True)
        await self._fanout.unsubscribe(self)


class Broadcaster:
    """All subscriptions of one event loop."""

    def __init__(self, on: PubSub) -> None:
        self._layer = on
        self._subscriptions: dict[int, set[Subscription]] = {}
        self._latest: dict[int, int] = {}
        self._polling: asyncio.Task[None] | None = None

    async def subscribe(self, conversation_id: int, after: int) -> Subscription:
        """Listen to a conversation from the event after `after` on; 0 means from its beginning."""
        subscription = Subscription(self, conversation_id, after)
        listeners = self._subscriptions.setdefault(conversation_id, set())
        listeners.add(subscription)
        try:
            if self._polling is None:
                self._polling = asyncio.create_task(self._poll())
            if len(listeners) == 1:
                await self._layer.join(_group(conversation_id), self._heard_from_layer)
            # Whatever was told between the caller's look at the database and the joining of the group.
            latest = await run_in_database(queries.last_events, [conversation_id])
        except BaseException:  # the database is away, or the client already: nobody would ever close this one
            await subscription.close()
            raise
        subscription.ring(latest.get(conversation_id, after))
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription; the last one of a conversation leaves its group."""
        listeners = self._subscriptions.get(subscription.conversation_id)
        if listeners is None or subscription not in listeners:
            return
        listeners.discard(subscription)
        if not listeners:
            del self._subscriptions[subscription.conversation_id]
            self._latest.pop(subscription.conversation_id, None)
            await self._layer.leave(_group(subscription.conversation_id))

    async def publish(self, events: Sequence[StoredEvent]) -> None:
        """Tell everyone about events that are already committed (design law 1)."""
        for event in events:
            self._deliver(event)
        if self._layer.alone:
            return
        for event in events:
            body = {"number": event.number, "kind": str(event.kind), "payload": event.payload, "at": event.at.isoformat()}
            await self._send(event.conversation_id, body)

    async def publish_heard(self, heard: TranscriptUpdate) -> None:
        """Pass on an interim or final recognition result; it may get lost."""
        self._deliver(heard)
        if not self._layer.alone:
            await self._send(heard.conversation_id, {"session": str(heard.session_id), "heard": heard.dump()})

    async def caught_up(self, seconds: float) -> None:
        """Wait until every subscriber took the last event that this process knows of its conversation, or for so many seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._has_subscriber_behind() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(CAUGHT_UP_POLL_S)

    def _has_subscriber_behind(self) -> bool:
        return any(
            subscription.cursor < self._latest.get(conversation_id, 0)
            for conversation_id, subscriptions in self._subscriptions.items()
            for subscription in subscriptions
        )

    async def close(self) -> None:
        """End the polling; for the end of an event loop."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
            self._polling = None

    def _deliver(self, delivery: Delivery) -> None:
        listeners = self._subscriptions.get(delivery.conversation_id)
        if not listeners:
            return
        if isinstance(delivery, StoredEvent):
            self._latest[delivery.conversation_id] = max(delivery.number, self._latest.get(delivery.conversation_id, 0))
        for subscription in listeners:
            subscription.ring(delivery)

    async def _send(self, conversation_id: int, body: dict[str, Any]) -> None:
        await self._layer.tell(_group(conversation_id), {"conversation": conversation_id, **body})

    def _heard_from_layer(self, message: dict[str, Any]) -> None:
        conversation_id = message["conversation"]
        if "heard" in message:
            self._deliver(TranscriptUpdate.parse(conversation_id, UUID(message["session"]), message["heard"]))
        else:
            at = datetime.fromisoformat(message["at"])
            event = parse(message["kind"], message["payload"])  # once for all subscribers of the process
            self._deliver(StoredEvent(conversation_id, message["number"], event, at))

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                latest = await run_in_database(queries.last_events, list(self._subscriptions)) if self._subscriptions else {}
            except Exception as error:
                logger.warning("the database cannot be asked for lost events (%s)", type(error).__name__)
                continue
            for conversation_id, number in latest.items():
                if number > self._latest.get(conversation_id, 0):
                    self._latest[conversation_id] = number
                    for subscription in self._subscriptions.get(conversation_id, ()):
                        subscription.ring(number)


def _group(conversation_id: int) -> str:
    return f"conversation.{conversation_id}"


_fanouts: WeakKeyDictionary[asyncio.AbstractEventLoop, Broadcaster] = WeakKeyDictionary()


def broadcaster() -> Broadcaster:
    """Return the fan-out of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _fanouts:
        _fanouts[loop] = Broadcaster(pubsub())
    return _fanouts[loop]
