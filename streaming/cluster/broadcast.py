"""Broadcast of a conversation's events to all subscribers in all processes.

The channel layer only notifies; it is never used as a queue (design law 2). A subscription holds a cursor, the number of the last
event that it delivered. A notification with the next number carries the event itself; any other number makes the subscription read
the gap from the database. One query every `POLL_S` for all conversations of the process detects lost notifications.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from insights import queries
from insights.database import DATABASE_UNREACHABLE
from insights.events import parse
from insights.snapshots import JsonObject, Payload
from streaming.aio.bounded_queue import BoundedQueue, FullPolicy, QueueClosed
from streaming.aio.database_executors import run_in_database
from streaming.cluster.poller import Poller
from streaming.cluster.pubsub import PubSub
from streaming.cluster.transcript_update import (
    ConversationDeleted,
    Delivery,
    JobProgress,
    PeopleOfProcess,
    PresentPeople,
    StoredEvent,
    TranscriptUpdate,
)

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""Seconds between two checks for lost notifications."""
CAUGHT_UP_POLL_S = 0.02
RETRY_S = 1.0
"""Seconds between two tries to read missed events while the database is unavailable."""
WAITING = 256
"""Deliveries queued for a slow subscriber; the oldest are dropped, and read from the database when it continues."""


class Subscription(AsyncIterator[Delivery]):
    """One subscription to one conversation: every event after its cursor, in order, once; interim results and job progress on arrival."""

    def __init__(self, broadcaster: "Broadcaster", conversation_id: int, cursor: int) -> None:
        self.conversation_id = conversation_id
        self.cursor = cursor
        self._broadcaster = broadcaster
        self._queue: BoundedQueue[Delivery | int] = BoundedQueue(WAITING, FullPolicy.DROP_OLDEST)
        self._from_database: deque[StoredEvent] = deque()
        self._behind = False
        self.deleted = False
        """Whether the conversation was deleted: the subscription delivers that, and nothing after it."""
        self._deletion_delivered = False

    def push(self, delivery: Delivery | int) -> None:
        """Queue an event, a recognition result, or only the number of the latest event. A deletion overtakes all of them."""
        self.deleted = self.deleted or isinstance(delivery, ConversationDeleted)
        self._queue.put(delivery)

    async def __anext__(self) -> Delivery:
        while True:
            if self.deleted:
                if self._deletion_delivered:
                    raise StopAsyncIteration
                self._deletion_delivered = True
                return ConversationDeleted(self.conversation_id)
            if self._from_database:
                event = self._from_database.popleft()
                if event.number > self.cursor:
                    self.cursor = event.number
                    return event
                continue
            if self._behind:
                self._from_database.extend(await self._read_missed())
                self._behind = bool(self._from_database)
                continue
            try:
                delivery = await self._queue.get()
            except QueueClosed:
                raise StopAsyncIteration from None
            if self._queue.dropped:
                self._queue.dropped = 0
                self._behind = True
            if self.deleted or isinstance(delivery, ConversationDeleted):
                continue
            if isinstance(delivery, TranscriptUpdate | JobProgress | PresentPeople):
                return delivery
            number = delivery if isinstance(delivery, int) else delivery.number
            if isinstance(delivery, StoredEvent) and number == self.cursor + 1:
                self.cursor = number
                return delivery
            self._behind = self._behind or number > self.cursor

    async def _read_missed(self) -> list[StoredEvent]:
        """Read the events after the cursor; retry while the database is unavailable, so that it ends no subscription (design law 2)."""
        warned = False
        while not self._queue.closed:
            try:
                return await run_in_database(queries.events_after, self.conversation_id, self.cursor)
            except DATABASE_UNREACHABLE as error:
                if not warned:
                    logger.warning("a subscription waits for the database (%s)", type(error).__name__)
                warned = True
                await asyncio.sleep(RETRY_S)
        return []

    async def close(self) -> None:
        """End the subscription; iteration over it stops."""
        self._queue.close(discard=True)
        await self._broadcaster.unsubscribe(self)


class Broadcaster:
    """All subscriptions of one event loop."""

    def __init__(self, on: PubSub, poller: Poller) -> None:
        self._pubsub = on
        self._poller = poller
        self._subscriptions: dict[int, set[Subscription]] = {}
        self._latest: dict[int, int] = {}
        self.on_presence: Callable[[int, str, PeopleOfProcess], None] | None = None
        """Takes what other processes tell of a conversation's people: its id, the process, and the list."""

    async def subscribe(self, conversation_id: int, after: int) -> Subscription:
        """Subscribe to a conversation, starting behind event `after`; 0 means from the beginning."""
        subscription = Subscription(self, conversation_id, after)
        subscribers = self._subscriptions.setdefault(conversation_id, set())
        subscribers.add(subscription)
        try:
            self._poller.add("check for lost events", self._read_latest, POLL_S)
            if len(subscribers) == 1:
                await self._pubsub.join(_group(conversation_id), self._on_message)
            # Events may have been published between the caller's query and the joining of the group.
            latest = await run_in_database(queries.last_events, [conversation_id])
        except BaseException:  # database error, or cancelled: the caller has no subscription that it could close
            await subscription.close()
            raise
        subscription.push(latest.get(conversation_id, ConversationDeleted(conversation_id)))
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a subscription; the last one of a conversation leaves its group."""
        subscribers = self._subscriptions.get(subscription.conversation_id)
        if subscribers is None or subscription not in subscribers:
            return
        subscribers.discard(subscription)
        if not subscribers:
            del self._subscriptions[subscription.conversation_id]
            self._latest.pop(subscription.conversation_id, None)
            await self._pubsub.leave(_group(subscription.conversation_id))

    async def publish(self, events: Sequence[StoredEvent]) -> None:
        """Send events to all subscribers; they must be committed already (design law 1)."""
        for event in events:
            self.deliver(event)
        if self._pubsub.alone:
            return
        for event in events:
            body: JsonObject = {"number": event.number, "kind": str(event.kind), "payload": event.payload, "at": event.at.isoformat()}
            await self._send(event.conversation_id, body)

    async def publish_update(self, update: TranscriptUpdate) -> None:
        """Send an interim or final recognition result to all subscribers; it may be lost."""
        self.deliver(update)
        if not self._pubsub.alone:
            await self._send(update.conversation_id, {"session": str(update.session_id), "update": update.dump()})

    async def publish_progress(self, progress: JobProgress) -> None:
        """Send the progress of a job to all subscribers of its conversation; it may be lost."""
        self.deliver(progress)
        if not self._pubsub.alone:
            await self._send(progress.conversation_id, {"job": progress.dump()})

    async def publish_presence(self, conversation_id: int, people: PeopleOfProcess) -> None:
        """Send a process's list of people to the others that have subscribers; it may be lost."""
        if not self._pubsub.alone:
            await self._send(conversation_id, {"presence": people.dump()})

    def end_deleted(self, conversation_id: int) -> None:
        """End the subscriptions of this event loop to a conversation that was deleted."""
        for subscription in self._subscriptions.get(conversation_id, ()):
            subscription.push(ConversationDeleted(conversation_id))

    async def caught_up(self, seconds: float) -> None:
        """Wait, at most `seconds`, until every subscriber has taken the last event of its conversation that this process knows."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._has_subscriber_behind() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(CAUGHT_UP_POLL_S)

    def _has_subscriber_behind(self) -> bool:
        return any(
            not subscription.deleted and subscription.cursor < self._latest.get(conversation_id, 0)
            for conversation_id, subscriptions in self._subscriptions.items()
            for subscription in subscriptions
        )

    def deliver(self, delivery: Delivery) -> None:
        """Send to the subscribers of this event loop only."""
        subscribers = self._subscriptions.get(delivery.conversation_id)
        if not subscribers:
            return
        if isinstance(delivery, StoredEvent):
            self._latest[delivery.conversation_id] = max(delivery.number, self._latest.get(delivery.conversation_id, 0))
        for subscription in subscribers:
            subscription.push(delivery)

    async def _send(self, conversation_id: int, body: JsonObject) -> None:
        await self._pubsub.publish(_group(conversation_id), {"conversation": conversation_id, **body})

    def _on_message(self, message: Payload) -> None:
        conversation_id = message["conversation"]
        if "update" in message:
            self.deliver(TranscriptUpdate.parse(conversation_id, UUID(message["session"]), message["update"]))
        elif "presence" in message:
            if self.on_presence is not None:
                self.on_presence(conversation_id, message["origin"], PeopleOfProcess.parse(message["presence"]))
        elif "job" in message:
            self.deliver(JobProgress.parse(message["job"]))
        else:
            at = datetime.fromisoformat(message["at"])
            event = parse(message["kind"], message["payload"])  # once for all subscribers of the process
            self.deliver(StoredEvent(conversation_id, message["number"], event, at))

    async def _read_latest(self) -> None:
        """Read the last number of each conversation; one that is not found was deleted, and the notification about it was lost."""
        asked = list(self._subscriptions)
        latest = await run_in_database(queries.last_events, asked) if asked else {}
        for conversation_id in set(asked) - latest.keys():
            self.end_deleted(conversation_id)
        for conversation_id, number in latest.items():
            if conversation_id in self._subscriptions and number > self._latest.get(conversation_id, 0):
                self._latest[conversation_id] = number
                for subscription in self._subscriptions[conversation_id]:
                    subscription.push(number)


def _group(conversation_id: int) -> str:
    return f"conversation.{conversation_id}"
