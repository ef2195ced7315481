"""The registry's housekeeping: heartbeats before the sweep, whatever happened to the clock or the database (design law 5)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from insights import recorder
from streaming.engine import registry as registry_module
from streaming.engine.registry import Registry
from streaming.engine.session import Session


class House:
    """Notes what housekeeping asks of the database, and says how late it is."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.slept = 0.0
        self.away = False

    async def ask(self, work: Any, *args: Any) -> list[Any]:
        """Stand in for the database."""
        self.calls.append(work.__name__)
        if self.away:
            raise OperationalError("away")
        return []

    async def until(self, calls: int) -> list[str]:
        """Wait for so many more calls and return them."""
        del self.calls[:]
        async with asyncio.timeout(5):
            while len(self.calls) < calls:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return self.calls[:calls]


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Housekeeping of a process with one session, at a hundredth of its pace between sweeps."""
    house = House()
    clock = registry_module.time.time
    monkeypatch.setattr(registry_module, "at_recorder", house.ask)
    monkeypatch.setattr(registry_module.time, "time", lambda: clock() + house.slept)
    monkeypatch.setattr(registry_module, "SWEEP_S", 0.005)
    monkeypatch.setattr(registry_module, "GRACE_S", 0.1)
    registry = Registry()
    registry.add(Session[str]())
    registry.keep_house()
    yield house
    await registry.close()


SWEEP, BEAT = recorder.close_due.__name__, recorder.heartbeat.__name__


async def test_it_sweeps_all_the_time(house: House) -> None:
    """Between two heartbeats there are sweeps."""
    assert await house.until(3) == [SWEEP] * 3


async def test_who_slept_says_first_that_its_sessions_live(house: House) -> None:
    """After a laptop woke up, no sweep takes its own sessions for dead, nor those of others who slept as well."""
    await house.until(1)
    house.slept = 3600.0
    woken = asyncio.get_running_loop().time()
    calls = await house.until(2)
    assert calls == [BEAT, SWEEP]
    assert asyncio.get_running_loop().time() - woken >= 0.1


async def test_who_had_no_database_lets_the_others_speak_first(house: House) -> None:
    """When the database is back, heartbeats come before the sweep, here and elsewhere."""
    await house.until(1)
    house.away = True
    house.slept = 3600.0
    assert set(await house.until(5)) == {BEAT}
    house.away = False
    calls = await house.until(2)
    assert calls == [BEAT, SWEEP]
