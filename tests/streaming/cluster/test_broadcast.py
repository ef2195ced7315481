"""The fan-out: replay + live = everything, whatever is dropped on the way (design law 2)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.events import MessagesStored
from streaming.cluster import broadcast as fanout_module
from streaming.cluster import pubsub as layer_module
from streaming.cluster.broadcast import Broadcaster, Subscription
from streaming.cluster.runtime import Runtime
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.speech.engines.base import Word

CONVERSATION = 1234567890123456


def event(number: int) -> StoredEvent:
    """Return an event with a number."""
    return StoredEvent(CONVERSATION, number, MessagesStored(()), datetime(2026, 1, 1, tzinfo=UTC))


class Store:
    """Events in memory, in place of the queries; what is stored may be told late, twice, out of order or never."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.reads = 0

    def events_after(self, conversation_id: int, number: int, limit: int = 500) -> list[StoredEvent]:
        """As in insights.queries."""
        self.reads += 1
        return [e for e in self.events if e.number > number][:limit]

    def last_events(self, conversation_ids: list[int]) -> dict[int, int]:
        """As in insights.queries."""
        return {CONVERSATION: len(self.events)}

    def add(self) -> StoredEvent:
        """Store the next event."""
        self.events.append(event(len(self.events) + 1))
        return self.events[-1]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store behind the fan-out."""
    return use_store(monkeypatch)


def use_store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Put a store behind the fan-out, and call it without threads."""
    store = Store()

    async def at_once(work: Any, *args: Any) -> Any:
        return work(*args)

    monkeypatch.setattr(fanout_module.queries, "events_after", store.events_after)
    monkeypatch.setattr(fanout_module.queries, "last_events", store.last_events)
    monkeypatch.setattr(fanout_module, "run_in_database", at_once)
    return store


@pytest.fixture
async def fan(store: Store) -> AsyncIterator[Broadcaster]:
    """A fan-out that ends with the test."""
    own = Runtime()
    yield own.broadcaster
    await own.poller.close()


async def take(subscription: Subscription, count: int) -> list[int]:
    """Return the numbers of the next events."""
    numbers: list[int] = []
    async with asyncio.timeout(30):
        while len(numbers) < count:
            delivery = await anext(subscription)
            if isinstance(delivery, StoredEvent):
                numbers.append(delivery.number)
    return numbers


async def test_replay_then_live(fan: Broadcaster, store: Store) -> None:
    """A subscriber gets what is stored after its cursor, then what happens, without gap and without repeat."""
    for _ in range(3):
        store.add()
    subscription = await fan.subscribe(CONVERSATION, 1)
    await fan.publish([store.add()])
    assert await take(subscription, 3) == [2, 3, 4]
    await subscription.close()


async def test_live_events_cost_no_query(fan: Broadcaster, store: Store) -> None:
    """An event that follows the cursor is delivered as it was told."""
    subscription = await fan.subscribe(CONVERSATION, 0)
    for _ in range(5):
        await fan.publish([store.add()])
    assert await take(subscription, 5) == [1, 2, 3, 4, 5]
    assert store.reads == 0
    await subscription.close()


async def test_a_lost_ring_is_noticed(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event whose notification was lost arrives by the poll, even when nothing follows it."""
    monkeypatch.setattr(fanout_module, "POLL_S", 0.02)
    subscription = await fan.subscribe(CONVERSATION, 0)
    store.add()
    assert await take(subscription, 1) == [1]
    await subscription.close()


async def test_a_slow_listener_catches_up_from_the_store(fan: Broadcaster, store: Store) -> None:
    """A listener who reads nothing for a thousand events and a flood of interims still gets every event once."""
    subscription = await fan.subscribe(CONVERSATION, 0)
    for _ in range(1000):
        await fan.publish([store.add()])
        await fan.publish_update(TranscriptUpdate(CONVERSATION, uuid4(), "", (), 0.0, False))
    for _ in range(300):
        await fan.publish_update(TranscriptUpdate(CONVERSATION, uuid4(), "", (), 0.0, False))
    assert await take(subscription, 1000) == list(range(1, 1001))
    await subscription.close()


async def test_an_interim_overtakes_nothing_and_costs_nothing(fan: Broadcaster, store: Store) -> None:
    """Interim results reach every listener of the process."""
    listeners = [await fan.subscribe(CONVERSATION, 0) for _ in range(3)]
    heard = TranscriptUpdate(CONVERSATION, uuid4(), "hello", (Word("hello", 0.0, 0.5, 0.5),), 0.5, False)
    await fan.publish_update(heard)
    assert [await anext(listener) for listener in listeners] == [heard] * 3
    for listener in listeners:
        await listener.close()


async def test_close_ends_a_waiting_listener(fan: Broadcaster, store: Store) -> None:
    """Nobody waits for ever on a subscription that was closed."""
    subscription = await fan.subscribe(CONVERSATION, 0)
    reader = asyncio.create_task(anext(subscription))
    await asyncio.sleep(0)
    await subscription.close()
    with pytest.raises(StopAsyncIteration):
        await reader


async def test_a_layer_that_is_away_loses_nothing(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing goes on without the channel layer."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            async def fail(*args: Any) -> None:
                raise ConnectionError("no Redis")

            return fail

    subscription = await fan.subscribe(CONVERSATION, 0)
    monkeypatch.setattr(fan._pubsub, "_layer", Away())
    await fan.publish([store.add()])
    assert await take(subscription, 1) == [1]
    monkeypatch.undo()
    await subscription.close()


async def test_a_layer_that_hangs_holds_nothing_up(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that takes calls and never answers costs one wait, not one for every event."""
    monkeypatch.setattr(layer_module, "ANSWER_S", 0.05)
    monkeypatch.setattr(layer_module, "SILENT_S", 3600.0)
    waits: list[str] = []

    class Hangs:
        def __getattr__(self, name: str) -> Any:
            async def hang(*args: Any) -> None:
                waits.append(name)
                await asyncio.Event().wait()

            return hang

    subscription = await fan.subscribe(CONVERSATION, 0)
    monkeypatch.setattr(fan._pubsub, "_layer", Hangs())
    for _ in range(200):
        await fan.publish([store.add()])
    assert waits.count("group_send") == 1  # the reader waits as well: a process always listens
    assert await take(subscription, 200) == list(range(1, 201))
    monkeypatch.undo()
    await subscription.close()


async def test_a_subscription_that_cannot_begin_is_forgotten(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is unreachable, or a client that hangs up meanwhile, leaves no listener behind that is told for ever."""

    def away(conversation_ids: list[int]) -> dict[int, int]:
        raise OperationalError("away")

    monkeypatch.setattr(fanout_module.queries, "last_events", away)
    with pytest.raises(OperationalError):
        await fan.subscribe(CONVERSATION, 0)
    assert not fan._subscriptions

    async def hang(work: Any, *args: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(fanout_module, "run_in_database", hang)
    subscribing = asyncio.create_task(fan.subscribe(CONVERSATION, 0))
    await asyncio.sleep(0.01)
    subscribing.cancel()
    await asyncio.gather(subscribing, return_exceptions=True)
    assert not fan._subscriptions


async def test_a_subscription_that_ends_during_a_check(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it stays in memory."""
    subscription = await fan.subscribe(CONVERSATION, 0)
    store.add()

    async def close_first(work: Any, *args: Any) -> Any:
        await subscription.close()
        return work(*args)

    monkeypatch.setattr(fanout_module, "run_in_database", close_first)
    await fan._read_latest()
    assert not fan._latest


async def test_a_listener_outlives_a_database_that_is_away(fan: Broadcaster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap that cannot be read just now is read later; the listener does not notice."""
    monkeypatch.setattr(fanout_module, "RETRY_S", 0.01)
    failures = [OperationalError("away"), OperationalError("still away")]

    def events_after(*args: Any) -> list[StoredEvent]:
        if failures:
            raise failures.pop()
        return store.events_after(*args)

    monkeypatch.setattr(fanout_module.queries, "events_after", events_after)
    for _ in range(3):
        store.add()
    subscription = await fan.subscribe(CONVERSATION, 0)
    assert await take(subscription, 3) == [1, 2, 3]
    await subscription.close()


FATES = st.lists(st.sampled_from(["told", "told twice", "late", "never", "interim"]), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FATES, st.integers(min_value=0, max_value=10), st.integers(min_value=0, max_value=10))
def test_replay_plus_live_is_everything(fates: list[str], before: int, cursor: int) -> None:
    """Whatever happens to the notifications, a subscriber gets every event after its cursor exactly once, in order."""

    async def scenario(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fanout_module, "POLL_S", 0.01)
        store = use_store(monkeypatch)
        own = Runtime()
        fan = own.broadcaster
        for _ in range(before):
            store.add()
        after = min(cursor, before)
        subscription = await fan.subscribe(CONVERSATION, after)
        late: list[StoredEvent] = []
        for fate in fates:
            if fate == "interim":
                await fan.publish_update(TranscriptUpdate(CONVERSATION, uuid4(), "", (), 0.0, False))
                continue
            stored = store.add()
            if fate == "late":
                late.append(stored)
            elif fate != "never":
                await fan.publish([stored] * (2 if fate == "told twice" else 1))
        await fan.publish(late)
        total = len(store.events)
        assert await take(subscription, total - after) == list(range(after + 1, total + 1))
        await subscription.close()
        await own.poller.close()

    with pytest.MonkeyPatch.context() as monkeypatch:
        asyncio.run(scenario(monkeypatch))
