"""Where listeners wait for a conversation that has not begun: one question to the database for all of them, and a bell.

The bell is rung over the channel layer by whoever begins a conversation; like all rings it may get lost, so the database is
asked now and then as well. Who waits here holds a place like a session does.
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
"""How often lost rings are looked for."""
_GROUP = "lobby"


@dataclass(eq=False, slots=True)
class _Waiter:
    user_id: int
    connection_id: str
    since: datetime
    found: "asyncio.Future[Conversation]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WaitingRoom:
    """All who wait in one event loop."""

    def __init__(self, on: PubSub) -> None:
        self._layer = on
        self._waiting: dict[str, set[_Waiter]] = {}
        self._rung: set[str] = set()
        self._bell = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    async def wait(self, user_id: int, connection_id: str, since: datetime, within_s: float) -> Conversation | None:
        """Return the user's conversation of this connection id once there is one that goes on, or ended after `since`.

        None when there is none in time. The caller has looked himself, after `since`. Raises TooManySessions.
        """
        with registry().place():
            waiter, name = _Waiter(user_id, connection_id, since), _name(user_id, connection_id)
            self._waiting.setdefault(name, set()).add(waiter)
            try:
                async with asyncio.timeout(within_s):
                    await self._open()
                    return await waiter.found
            except TimeoutError:
                return None
            finally:
                self._waiting[name].discard(waiter)
                if not self._waiting[name]:
                    del self._waiting[name]

    async def ring(self, user_id: int, connection_id: str) -> None:
        """Tell everybody that a conversation has begun."""
        name = _name(user_id, connection_id)
        self._heard({"name": name})
        await self._layer.tell(_GROUP, {"name": name})

    async def close(self) -> None:
        """End the asking; for the end of an event loop."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None

    async def _open(self) -> None:
        """Begin to ask and to listen for the bell; both go on for the life of the event loop, and cost nothing while nobody waits."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
            await self._layer.join(_GROUP, self._heard)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["name"] in self._waiting:
            self._rung.add(message["name"])
            self._bell.set()

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time
        poll_at = now() + POLL_S  # whatever rings until then
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(poll_at):
                    await self._bell.wait()
            if now() >= poll_at:
                poll_at = now() + POLL_S
                self._rung.update(self._waiting)
            self._bell.clear()
            names, self._rung = self._rung, set()
            waiters = [waiter for name in names for waiter in self._waiting.get(name, ())]
            if waiters:
                await self._look(waiters)

    async def _look(self, waiters: Collection[_Waiter]) -> None:
        since = min(waiter.since for waiter in waiters)
        try:
            begun = await run_in_database(queries.begun_since, [(one.user_id, one.connection_id) for one in waiters], since)
        except Exception as error:  # whoever waits goes on waiting: it is asked again
            logger.warning("the database cannot be asked what has begun (%s)", type(error).__name__)
            return
        for conversation in begun:
            for waiter in self._waiting.get(_name(conversation.owner_id, conversation.connection_id), ()):
                in_time = conversation.ended_at is None or conversation.ended_at >= waiter.since
                if in_time and not waiter.found.done():
                    waiter.found.set_result(conversation)


def _name(user_id: int, connection_id: str) -> str:
    """Return a short name for a user's connection id that any back end of the layer can carry."""
    return hashlib.sha256(f"{user_id} {connection_id}".encode(errors="replace")).hexdigest()


_lobbies: WeakKeyDictionary[asyncio.AbstractEventLoop, WaitingRoom] = WeakKeyDictionary()


def waiting_room() -> WaitingRoom:
    """Return the lobby of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _lobbies:
        _lobbies[loop] = WaitingRoom(pubsub())
    return _lobbies[loop]
