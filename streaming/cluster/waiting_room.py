"""Subscribers that wait for a conversation which has not begun.

The process that begins a conversation notifies the others over the channel layer. Notifications may be lost, so one query for all waiting
subscribers also runs every `POLL_S`. A waiting subscriber counts against the session limit.
"""

import asyncio
import hashlib
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from insights import queries
from insights.models import Conversation
from streaming.aio.database_executors import run_in_database
from streaming.cluster.pubsub import PubSub, pubsub
from streaming.cluster.registry import registry

logger = logging.getLogger(__name__)

POLL_S = 2.0
"""Seconds between two checks for lost notifications."""
_GROUP = "lobby"


@dataclass(eq=False, slots=True)
class _Waiter:
    user_id: int
    connection_id: str
    since: datetime
    found: "asyncio.Future[Conversation]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WaitingRoom:
    """The waiting subscribers of one event loop."""

    def __init__(self, on: PubSub) -> None:
        self._pubsub = on
        self._waiting: dict[str, set[_Waiter]] = {}
        self._notified: set[str] = set()
        self._wake_up = asyncio.Event()
        self._poll_task: asyncio.Task[None] | None = None

    async def wait(self, user_id: int, connection_id: str, since: datetime, within_s: float) -> Conversation | None:
        """Wait for the user's conversation with this connection id: one that is live, or ended after `since`.

        Return None where none begins within `within_s` seconds. The caller has queried once already, after `since`. Raises TooManySessions.
        """
        with registry().hold_slot():
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

    async def ring(self, user_id: int, connection_id: str) -> None:
        """Notify waiting subscribers in all processes that a conversation has begun."""
        name = _name(user_id, connection_id)
        self._on_notification({"name": name})
        await self._pubsub.tell(_GROUP, {"name": name})

    async def close(self) -> None:
        """Stop the polling task; call before the event loop ends."""
        if self._poll_task is not None:
            self._poll_task.cancel()
            await asyncio.gather(self._poll_task, return_exceptions=True)
            self._poll_task = None

    async def _start(self) -> None:
        """Start polling and join the group, once per event loop; both run until it ends. While no subscriber waits, no query is made."""
        if self._poll_task is None:
            self._poll_task = asyncio.create_task(self._poll())
            await self._pubsub.join(_GROUP, self._on_notification)

    def _on_notification(self, message: dict[str, Any]) -> None:
        if message["name"] in self._waiting:
            self._notified.add(message["name"])
            self._wake_up.set()

    async def _poll(self) -> None:
        now = asyncio.get_running_loop().time
        poll_at = now() + POLL_S  # however many notifications arrive before that
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(poll_at):
                    await self._wake_up.wait()
            if now() >= poll_at:
                poll_at = now() + POLL_S
                self._notified.update(self._waiting)
            self._wake_up.clear()
            names, self._notified = self._notified, set()
            waiters = [waiter for name in names for waiter in self._waiting.get(name, ())]
            if waiters:
                await self._query(waiters)

    async def _query(self, waiters: Collection[_Waiter]) -> None:
        since = min(waiter.since for waiter in waiters)
        try:
            begun = await run_in_database(queries.begun_since, [(one.user_id, one.connection_id) for one in waiters], since)
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


_waiting_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, WaitingRoom] = WeakKeyDictionary()


def waiting_room() -> WaitingRoom:
    """Return the waiting room of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _waiting_rooms:
        _waiting_rooms[loop] = WaitingRoom(pubsub())
    return _waiting_rooms[loop]
