"""The waiting room: a subscriber gets its conversation when that begins, and costs next to nothing until then."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from insights.models import Conversation
from streaming.cluster import waiting_room as waiting_room_module
from streaming.cluster.pubsub import PubSub
from streaming.cluster.registry import TooManySessions
from streaming.cluster.runtime import Runtime
from streaming.cluster.waiting_room import WaitingRoom
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JANE, TOM = 1, 2


class Tables:
    """Conversations in memory, in place of the query, and the questions that were asked."""

    def __init__(self) -> None:
        self.held: list[Conversation] = []
        self.questions: list[int] = []
        self.away = False

    def conversations_started_since(self, places: Collection[tuple[int, str]], since: datetime) -> list[Conversation]:
        """As in insights.queries."""
        self.questions.append(len(places))
        if self.away:
            raise OperationalError("away")
        return self.held

    def begin(self, user_id: int, connection_id: str, ended_at: datetime | None = None) -> None:
        """Begin a conversation."""
        self.held.append(Conversation(owner_id=user_id, connection_id=connection_id, ended_at=ended_at, started_at=NOW))


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tables:
    """What the waiting rooms query; they poll only where a test sets the interval."""
    tables = Tables()

    async def at_once(work: Any, *args: Any) -> Any:
        return work(*args)

    monkeypatch.setattr(waiting_room_module.queries, "conversations_started_since", tables.conversations_started_since)
    monkeypatch.setattr(waiting_room_module, "run_in_database", at_once)
    monkeypatch.setattr(waiting_room_module, "POLL_S", 60.0)
    return tables


@pytest.fixture
async def rooms(tables: Tables) -> AsyncIterator[list[WaitingRoom]]:
    """The waiting rooms of two processes."""
    layers: list[PubSub] = processes(2)
    own = [Runtime(each) for each in layers]
    yield [each.waiting_room for each in own]
    for each in own:
        await each.close()


def listens(waiting_room: WaitingRoom) -> bool:
    """Whether notifications of other processes reach a waiting room."""
    return waiting_room._pubsub._channel in waiting_room._pubsub._layer.groups.get(waiting_room_module._GROUP, {})


async def waiting(
    waiting_room: WaitingRoom, user_id: int, connection_id: str, within_s: float = 60.0
) -> "asyncio.Task[Conversation | None]":
    """Begin to wait."""
    before = len(waiting_room._registry)
    task = asyncio.create_task(waiting_room.wait(user_id, connection_id, NOW, within_s))
    await until(lambda: len(waiting_room._registry) > before and listens(waiting_room))
    return task


@pytest.mark.parametrize("at", [0, 1])
async def test_a_notification_from_any_process_arrives(rooms: list[WaitingRoom], tables: Tables, at: int) -> None:
    """Who waits gets the conversation as soon as it has begun, here or in another process, and nobody else is asked about."""
    mine, other = await waiting(rooms[0], JANE, "room"), await waiting(rooms[0], JANE, "elsewhere")
    tables.begin(JANE, "room")
    await rooms[at].notify(JANE, "room")
    found = await mine
    assert found is tables.held[0]
    assert tables.questions == [1]
    assert not other.done()
    other.cancel()


async def test_of_the_same_name_but_somebody_elses(rooms: list[WaitingRoom], tables: Tables) -> None:
    """Two users may wait under the same connection id; each gets only what is theirs (design law 6)."""
    jane, tom = await waiting(rooms[0], JANE, "room"), await waiting(rooms[0], TOM, "room", 0.2)
    tables.begin(JANE, "room")
    await rooms[1].notify(TOM, "room")
    await rooms[1].notify(JANE, "room")
    assert await jane is tables.held[0]
    assert await tom is None


async def test_one_query_serves_all(rooms: list[WaitingRoom], tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost notification is noticed by one query for all waiting subscribers, however many they are."""
    monkeypatch.setattr(waiting_room_module, "POLL_S", 0.2)
    tasks = [await waiting(rooms[0], JANE, f"room-{number}") for number in range(3)]
    tasks += [asyncio.create_task(rooms[0].wait(JANE, "room-0", NOW, 60.0)) for _ in range(300)]
    await until(lambda: len(rooms[0]._registry) == 303)
    asked = len(tables.questions)
    tables.begin(JANE, "room-0")
    for task in [tasks[0], *tasks[3:]]:
        assert await task is tables.held[0]
    assert tables.questions[asked] == 303
    for task in tasks[1:3]:
        task.cancel()


async def test_notifications_of_other_conversations_do_not_delay_the_poll(
    rooms: list[WaitingRoom], tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy server, with notifications all the time, a lost one is noticed all the same."""
    monkeypatch.setattr(waiting_room_module, "POLL_S", 0.2)

    def conversations_started_since(places: Collection[tuple[int, str]], since: datetime) -> list[Conversation]:
        return [one for one in tables.held if (one.owner_id, one.connection_id) in places]

    monkeypatch.setattr(waiting_room_module.queries, "conversations_started_since", conversations_started_since)
    mine, other = await waiting(rooms[0], JANE, "room"), await waiting(rooms[0], JANE, "elsewhere")
    tables.begin(JANE, "room")
    async with asyncio.timeout(30):
        while not mine.done():
            await rooms[1].notify(JANE, "elsewhere")
            await asyncio.sleep(0.02)
    assert await mine is tables.held[0]
    other.cancel()


async def test_an_empty_waiting_room_does_not_poll(rooms: list[WaitingRoom], tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last subscriber has gone, there are no more queries."""
    monkeypatch.setattr(waiting_room_module, "POLL_S", 0.01)
    last = await waiting(rooms[0], JANE, "room")
    await until(lambda: tables.questions)
    last.cancel()
    await asyncio.gather(last, return_exceptions=True)
    asked = len(tables.questions)
    await rooms[1].notify(JANE, "room")
    await asyncio.sleep(0.1)
    assert len(tables.questions) == asked
    assert len(rooms[0]._registry) == 0


async def test_one_that_ended_before_is_not_what_they_wait_for(rooms: list[WaitingRoom], tables: Tables) -> None:
    """A conversation that was over when somebody came is not told; one that ended meanwhile is."""
    task = await waiting(rooms[0], JANE, "room")
    tables.begin(JANE, "room", ended_at=NOW - timedelta(seconds=1))
    await rooms[0].notify(JANE, "room")
    await until(lambda: tables.questions)
    await asyncio.sleep(0.02)
    assert not task.done()
    tables.begin(JANE, "room", ended_at=NOW + timedelta(seconds=1))
    await rooms[0].notify(JANE, "room")
    assert await task is tables.held[1]


async def test_without_a_database_the_wait_goes_on(rooms: list[WaitingRoom], tables: Tables) -> None:
    """A query that fails ends no wait."""
    task = await waiting(rooms[0], JANE, "room")
    tables.away = True
    await rooms[0].notify(JANE, "room")
    await until(lambda: tables.questions)
    tables.away = False
    tables.begin(JANE, "room")
    await rooms[0].notify(JANE, "room")
    assert await task is tables.held[0]


async def test_a_waiting_subscriber_holds_a_slot(rooms: list[WaitingRoom], tables: Tables, settings: Any) -> None:
    """SESSION_LIMIT counts waiting subscribers; their slots are free again when they have gone."""
    settings.SESSION_LIMIT = 2
    tasks = [await waiting(rooms[0], JANE, "room") for _ in range(2)]
    with pytest.raises(TooManySessions):
        await rooms[0].wait(JANE, "room", NOW, 60.0)
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    tables.begin(JANE, "room")
    third = await waiting(rooms[0], JANE, "room")
    await rooms[0].notify(JANE, "room")
    assert await third is await tasks[1] is tables.held[0]
