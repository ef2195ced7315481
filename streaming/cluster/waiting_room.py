"""Subscribers that wait for a conversation which has not begun.

The process that begins a conversation notifies the others over the channel layer. Notifications may be lost, so one query for all waiting
subscribers also runs every `POLL_S`. A waiting subscriber counts against the session limit.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from insights import queries
from insights.models import Conversation
from insights.snapshots import Payload
from streaming.aio.database_executors import run_in_database
from streaming.cluster.poller import Poller
from streaming.cluster.pubsub import PubSub
from streaming.cluster.registry import Registry

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""Seconds between two checks for lost notifications."""
_GROUP = "waiting-room"


@dataclass(eq=False, slots=True)
class _Waiter:
    user_id: int
    connection_id: str
    since: datetime
    found: "asyncio.Future[Conversation]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WaitingRoom:
    """The waiting subscribers of one event loop."""

    def __init__(self, on: PubSub, registry: Registry, poller: Poller) -> None:
        self._pubsub = on
        self._registry = registry
        self._poller = poller
        self._waiting: dict[str, set[_Waiter]] = {}
        self._notified: set[str] = set()
        self._querying: asyncio.Task[None] | None = None
        self._joined = False

    async def wait(self, user_id: int, connection_id: str, since: datetime, within_s: float) -> Conversation | None:
        """Wait for the user's conversation with this connection id: one that is live, or ended after `since`.

        Return None where none begins within `within_s` seconds. The caller has queried once already, after `since`. Raises TooManySessions.
        """
        with self._registry.hold_slot():
            waiter, name = _Waiter(user_id, connection_id, since), _name(user_id, connection_id)
            self._waiting.setdefault(name, set()).add(waiter)
            try:
                async with asyncio.timeout(within_s):
                    await self._start()
                    return await waiter.found
            except TimeoutError:
                return None
            finally:
                self._waiting[name].discard(waiter)
                if not self._waiting[name]:
                    del self._waiting[name]

    async def notify(self, user_id: int, connection_id: str) -> None:
        """Notify waiting subscribers in all processes that a conversation has begun."""
        name = _name(user_id, connection_id)
        self._on_notification({"name": name})
        await self._pubsub.publish(_GROUP, {"name": name})

    async def _start(self) -> None:
        """Start polling and join the group, once per event loop; both run until it ends. While no subscriber waits, no query is made."""
        self._poller.add("check for conversations that began", self._query_all, POLL_S)
        if not self._joined:
            self._joined = True
            await self._pubsub.join(_GROUP, self._on_notification)

    def _on_notification(self, message: Payload) -> None:
        if message["name"] in self._waiting:
            self._notified.add(message["name"])
            if self._querying is None:
                self._querying = asyncio.create_task(self._query_notified())

    async def _query_notified(self) -> None:
        """Query for the waiters that were notified; one query at a time, however many notifications arrive."""
        try:
            while self._notified:
                names, self._notified = self._notified, set()
                await self._query(names)
        finally:
            self._querying = None

    async def _query_all(self) -> None:
        await self._query(self._waiting)

    async def _query(self, names: Iterable[str]) -> None:
        waiters = [waiter for name in names for waiter in self._waiting.get(name, ())]
        if not waiters:
            return
        since = min(waiter.since for waiter in waiters)
        try:
            begun = await run_in_database(queries.conversations_started_since, [(one.user_id, one.connection_id) for one in waiters], since)
        except Exception as error:  # the subscribers keep waiting; the next poll queries again
            logger.warning("new conversations cannot be read from the database (%s)", type(error).__name__)
            return
        for conversation in begun:
            for waiter in self._waiting.get(_name(conversation.owner_id, conversation.connection_id), ()):
                in_time = conversation.ended_at is None or conversation.ended_at >= waiter.since
                if in_time and not waiter.found.done():
                    waiter.found.set_result(conversation)


def _name(user_id: int, connection_id: str) -> str:
    """Return a hash of the user and the connection id, in characters that every channel layer accepts."""
    return hashlib.sha256(f"{user_id} {connection_id}".encode(errors="replace")).hexdigest()
