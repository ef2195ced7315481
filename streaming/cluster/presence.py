"""Who is present in a conversation: speakers and viewers, in all processes.

Each process sends the others the whole list of its own people, at every change and every PUBLISH_S seconds. A list that no process
sent again for FORGET_S seconds belongs to a process that died. Nothing is stored: the notifications have no numbers and may be lost
(design law 2).
"""

import asyncio
import logging
import time
from collections.abc import Iterable

from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.poller import Poller
from streaming.cluster.transcript_update import PeopleOfProcess, PresentPeople, PresentPerson

logger = logging.getLogger(__name__)

PUBLISH_S = 15.0
FORGET_S = 40.0
MOST_PEOPLE = 500
"""People of one process that are announced; more than one page shows."""


class Presence:
    """The people of one event loop's connections, and those that other processes announced."""

    def __init__(self, broadcaster: Broadcaster, poller: Poller) -> None:
        self._broadcaster = broadcaster
        self._poller = poller
        self._own: dict[int, dict[object, PresentPerson]] = {}
        self._others: dict[int, dict[str, tuple[float, tuple[PresentPerson, ...]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        broadcaster.on_presence = self._received

    def enter(self, conversation_id: int, connection: object, person: PresentPerson) -> None:
        """Note that a person is present, by a connection that is subscribed to the conversation."""
        first = conversation_id not in self._own
        self._own.setdefault(conversation_id, {})[connection] = person
        self._poller.add("presence", self._publish_all, PUBLISH_S)
        self._changed(conversation_id, ask=first)

    def leave(self, conversation_id: int | None, connection: object) -> None:
        """Note that a connection has ended; do nothing if it was not present."""
        own = self._own.get(conversation_id or 0, {})
        if conversation_id is None or own.pop(connection, None) is None:
            return
        if not own:
            del self._own[conversation_id]
        self._changed(conversation_id)

    def people(self, conversation_id: int) -> tuple[PresentPerson, ...]:
        """Return everybody who is present, each person once, speakers first."""
        found: dict[str, PresentPerson] = {}
        others = [people for _, people in self._others.get(conversation_id, {}).values()]
        for person in (*self._own.get(conversation_id, {}).values(), *(one for people in others for one in people)):
            if person.id not in found or person.speaks:
                found[person.id] = person
        return tuple(sorted(found.values(), key=lambda one: (not one.speaks, one.name.casefold(), one.id)))

    def _changed(self, conversation_id: int, *, ask: bool = False) -> None:
        self._deliver(conversation_id)
        task = asyncio.create_task(self._publish(conversation_id, ask=ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _deliver(self, conversation_id: int) -> None:
        self._broadcaster.deliver(PresentPeople(conversation_id, self.people(conversation_id)))

    async def _publish(self, conversation_id: int, *, ask: bool = False) -> None:
        own = tuple({one.id: one for one in self._own.get(conversation_id, {}).values()}.values())[:MOST_PEOPLE]
        await self._broadcaster.publish_presence(conversation_id, PeopleOfProcess(own, ask))

    async def _publish_all(self) -> None:
        for conversation_id in list(self._own):
            await self._publish(conversation_id)
        for conversation_id in self._forget(time.monotonic() - FORGET_S):
            self._deliver(conversation_id)

    def _forget(self, before: float) -> Iterable[int]:
        """Forget lists that are too old; return the conversations that are still shown to somebody here."""
        changed = []
        for conversation_id, known in list(self._others.items()):
            kept = {process: one for process, one in known.items() if one[0] >= before and conversation_id in self._own}
            if len(kept) < len(known):
                changed.append(conversation_id)
            if kept:
                self._others[conversation_id] = kept
            else:
                del self._others[conversation_id]
        return [one for one in changed if one in self._own]

    def _received(self, conversation_id: int, process: str, received: PeopleOfProcess) -> None:
        if conversation_id not in self._own:
            return
        known = self._others.setdefault(conversation_id, {})
        before = known.get(process, (0.0, ()))[1]
        known[process] = (time.monotonic(), received.people)
        if before != received.people:
            self._deliver(conversation_id)
        if received.ask:
            self._changed(conversation_id)
