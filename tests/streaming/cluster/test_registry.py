"""The registry's housekeeping: heartbeats before the sweep, whatever happened to the clock or the database (design law 5)."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from insights import recorder
from streaming.cluster import registry as registry_module
from streaming.cluster.poller import Poller, Work
from streaming.cluster.registry import HEARTBEAT_S, Registry
from streaming.cluster.runtime import Runtime
from streaming.sessions.session import Session
from streaming.types.session_end import End


class House:
    """Notes what housekeeping asks of the database, and says how late it is."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.slept = 0.0
        self.away = False
        self.lost: list[UUID] = []
        self.runtime = Runtime()
        self.registry = self.runtime.registry

    async def ask(self, work: Any, *args: Any) -> list[Any]:
        """Stand in for the database."""
        self.calls.append(work.__name__)
        if self.away:
            raise OperationalError("away")
        return self.lost if work is recorder.heartbeat else []

    async def until(self, calls: int) -> list[str]:
        """Wait for so many more calls and return them."""
        del self.calls[:]
        async with asyncio.timeout(30):
            while len(self.calls) < calls:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return self.calls[:calls]


class Ending(Session[str]):
    """A session that notes how the server ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[End] = []

    def end_early(self, end: End) -> None:
        """Note it."""
        self.ends.append(end)


@pytest.fixture
async def session() -> Ending:
    """A session, taken in by the housekeeping."""
    return Ending()


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch, session: Ending) -> AsyncIterator[House]:
    """Housekeeping of a process with one session that is in a conversation, at a hundredth of its pace between sweeps."""
    house = House()
    start = registry_module.time.time()
    monkeypatch.setattr(registry_module, "run_write", house.ask)
    monkeypatch.setattr(registry_module, "run_heartbeat", house.ask)
    monkeypatch.setattr(registry_module.time, "time", lambda: start + house.slept)  # only what a test sleeps makes a heartbeat due
    monkeypatch.setattr(registry_module, "CHECK_S", 0.005)
    monkeypatch.setattr(registry_module, "GRACE_S", 0.1)
    registry = house.registry
    registry.add(session)
    registry.joined(session.id)
    registry.start()
    yield house
    await house.runtime.close()


SWEEP, BEAT = recorder.close_due.__name__, recorder.heartbeat.__name__


async def test_it_sweeps_all_the_time(house: House) -> None:
    """Between two heartbeats there are sweeps."""
    assert await house.until(3) == [SWEEP] * 3


async def test_a_heartbeat_is_never_older_than_it_may_be(monkeypatch: pytest.MonkeyPatch, session: Ending) -> None:
    """Pages take a session for gone that gave no sign for seven seconds, and say again what it heard: looks come between, not instead."""
    now, beats, duties = [1000.0], [1000.0], {}

    class Stepped(Poller):
        def add(self, name: str, work: Work, every_s: float, *, first_s: float | None = None) -> None:
            duties[name] = work, every_s

    registry = Registry(Runtime().broadcaster, Stepped())

    async def ask(work: Any, *args: Any) -> list[Any]:
        if work is recorder.heartbeat:
            beats.append(now[0])
        return []

    monkeypatch.setattr(registry_module, "run_write", ask)
    monkeypatch.setattr(registry_module, "run_heartbeat", ask)
    monkeypatch.setattr(registry_module.time, "time", lambda: now[0])
    registry.add(session)
    registry.joined(session.id)
    registry.start()
    work, every_s = duties[registry_module.HEARTBEAT]
    while len(beats) < 20 and now[0] < 2000.0:
        now[0] += every_s + 0.001
        await work()
    assert len(beats) == 20
    assert max(later - sooner for sooner, later in pairwise(beats)) <= HEARTBEAT_S


async def test_who_slept_says_first_that_its_sessions_live(house: House) -> None:
    """After a laptop woke up, no sweep takes its own sessions for dead, nor those of others who slept as well."""
    await house.until(1)
    house.slept = 3600.0
    woken = asyncio.get_running_loop().time()
    calls = await house.until(2)
    assert calls == [BEAT, SWEEP]
    assert asyncio.get_running_loop().time() - woken >= 0.1


async def test_a_heartbeat_waits_for_no_sweep(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that hangs, at a lock that somebody else holds or at a database that is away, makes nobody late with a heartbeat."""
    asked = asyncio.Event()

    async def hang(work: Any, *args: Any) -> list[Any]:
        asked.set()
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(registry_module, "run_write", hang)
    await asyncio.wait_for(asked.wait(), 30)
    house.slept = 60.0
    assert await house.until(1) == [BEAT]


async def test_a_clock_that_is_set_back_delays_no_heartbeat(house: House) -> None:
    """The others go by their own clocks: who waited for the old time again would be taken for gone."""
    await house.until(1)
    house.slept = -3600.0
    assert BEAT in await house.until(2)
    assert BEAT not in await house.until(20)


async def test_who_had_no_database_lets_the_others_speak_first(house: House) -> None:
    """When the database is back, heartbeats come before the sweep, here and elsewhere."""
    await house.until(1)
    house.away = True
    house.slept = 3600.0
    assert set(await house.until(5)) == {BEAT}
    house.away = False
    calls = await house.until(2)
    assert calls == [BEAT, SWEEP]


async def test_a_session_that_was_swept_is_ended(house: House, session: Ending) -> None:
    """A session that others took for gone is ended, once; it is in no conversation any more, so nobody beats for it."""
    await house.until(1)
    house.lost = [session.id]
    house.slept = 60.0
    assert await house.until(1) == [BEAT]
    await house.until(2)
    assert session.ends == [End.SWEPT]
    house.slept = 120.0
    assert BEAT not in await house.until(20)


async def test_a_session_that_cannot_be_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The housekeeping goes on without it, and a server that goes down ends the others."""

    class Broken(Ending):
        def end_early(self, end: End) -> None:
            super().end_early(end)
            raise RuntimeError("it cannot")

    broken, other = Broken(), Ending()
    for session in (broken, other):
        house.registry.add(session)
        house.registry.joined(session.id)
    await house.until(1)
    house.lost = [broken.id, other.id]
    house.slept = 60.0
    assert await house.until(3) == [BEAT, SWEEP, SWEEP]
    assert (broken.ends, other.ends) == ([End.SWEPT], [End.SWEPT])
    await house.registry.drain(0.0)
    assert (broken.ends[1:], other.ends[1:]) == ([End.SHUTDOWN], [End.SHUTDOWN])


async def test_only_who_is_in_a_conversation_beats(house: House, session: Ending) -> None:
    """A session that has not joined, or has left, is none of the database's business, and cannot be lost there."""
    house.registry.left(session.id)
    house.lost = [session.id]
    house.slept = 60.0
    assert BEAT not in await house.until(20)
    assert session.ends == []


async def test_who_joined_again_meanwhile_is_not_lost(house: House, session: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a heartbeat may be older than a new beginning of the same session."""
    ask = house.ask

    async def slowly(work: Any, *args: Any) -> list[Any]:
        answer = await ask(work, *args)
        if work is recorder.heartbeat:
            house.registry.left(session.id)
            house.registry.joined(session.id)
        return answer

    monkeypatch.setattr(registry_module, "run_heartbeat", slowly)
    house.lost = [session.id]
    house.slept = 60.0
    assert BEAT in await house.until(20)
    assert session.ends == []


async def test_it_tidies_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the first minute; then as often as the tidying itself wants."""
    tidied = 0

    async def remove_expired() -> float:
        nonlocal tidied
        tidied += 1
        return 0.0 if tidied < 3 else 3600.0

    monkeypatch.setattr(registry_module, "remove_expired", remove_expired)
    await house.until(5)
    assert tidied == 0
    clock = registry_module.time.monotonic
    monkeypatch.setattr(registry_module.time, "monotonic", lambda: clock() + 61.0)
    await house.until(10)
    assert tidied == 3
