"""The directory while the database is unreachable or hangs."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from streaming.cluster import directory as module
from streaming.cluster import directory_table as table
from streaming.cluster.directory import DirectoryUnreachable
from streaming.cluster.directory_table import SessionKey
from streaming.cluster.runtime import Runtime, runtime
from tests.streaming.cluster.directory_processes import ONE, OTHER, OWNER, THREE, TWO, Process, crowd, entry, pair, patient
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import until

__all__ = ["crowd", "pair", "patient"]
pytestmark = pytest.mark.django_db(transaction=True)


class Sometimes:
    """A database that fails or hangs as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        self.go_on = threading.Event()
        self.go_on.set()
        self.reached = threading.Event()
        for name in ("claim", "release", "mark_ended", "find_all", "is_alive"):
            monkeypatch.setattr(table, name, self._instead(getattr(table, name)))

    def _instead(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            self.reached.set()
            assert self.go_on.wait(60)
            if self.away:
                raise OperationalError("secret words")
            return work(*args)

        return run


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, patient: None) -> Iterator[Sometimes]:
    """A database that the test can take away."""
    database = Sometimes(monkeypatch)
    yield database
    database.go_on.set()


async def test_a_database_that_is_away_stops_no_session(
    pair: tuple[Process, Process], database: Sometimes, caplog: pytest.LogCaptureFixture
) -> None:
    """Sessions start without it; that is logged once, without the words of the error. Sessions of the own process are found."""
    one, two = pair
    database.away = True
    with caplog.at_level(logging.WARNING):
        assert await one.claim() is None
        assert await two.claim(TWO) is None
        assert await one.claim(THREE, "another") is None
        assert await one.session() == ONE
        with pytest.raises(DirectoryUnreachable):
            await one.session("elsewhere")
        assert await one.directory.is_alive(uuid4().hex), "nobody is taken for dead by a database that does not answer"
        await one.release()
    assert caplog.text.count("cannot use the database (OperationalError") == 2, "each process says it once"
    assert "secret" not in caplog.text


async def test_claims_are_written_when_the_database_is_back(pair: tuple[Process, Process], database: Sometimes) -> None:
    """Of two sessions that started with one id meanwhile, the first to write it has it; the other one ends."""
    one, two = pair
    lost: list[int] = []
    database.away = True
    assert await one.claim(lost=lambda: lost.append(1)) is None
    assert await two.claim(TWO, lost=lambda: lost.append(2)) is None
    assert await one.claim(THREE, "over") is None
    await one.release(THREE, "over")
    database.away = False
    await one.beat()
    await two.beat()
    assert lost == [2]
    assert await two.session() == ONE
    assert not await entry(THREE)


async def test_an_id_that_could_not_be_released_is_released_later(pair: tuple[Process, Process], database: Sometimes) -> None:
    """A database that is unreachable as a session ends does not keep its id from other processes for as long as this one lives."""
    one, two = pair
    assert await one.claim() is None
    database.away = True
    await one.release()
    database.away = False
    assert await two.claim(TWO) is not None
    await one.beat()
    assert await two.claim(TWO) is None


async def test_an_id_released_late_is_not_taken_from_the_next_session(pair: tuple[Process, Process], database: Sometimes) -> None:
    """It started in the same process, and has the id as soon as the database is back."""
    one, two = pair
    assert await one.claim() is None
    database.away = True
    await one.release()
    assert await one.claim(TWO) is None
    database.away = False
    await one.beat()
    assert await two.session() == TWO
    assert await two.claim(THREE) is not None


async def test_a_database_that_hangs_stops_no_session(
    pair: tuple[Process, Process], database: Sometimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session starts after a while; the next ones wait less. What is written late is removed again if the session has ended."""
    one, two = pair
    await one.runtime.heartbeat.registered()
    database.go_on.clear()
    monkeypatch.setattr(module, "ANSWER_S", 0.1)
    monkeypatch.setattr(module, "FAILED_ANSWER_S", 0.01)
    assert await one.claim() is None
    assert await one.claim(THREE, "over") is None
    await one.release(THREE, "over")
    with pytest.raises(DirectoryUnreachable):
        await two.session()
    database.go_on.set()
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    await until(lambda: not one.directory._tasks)
    assert await two.session() == ONE
    assert not await entry(THREE)


async def test_a_claim_that_is_refused_late_ends_the_session(
    pair: tuple[Process, Process], database: Sometimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had started because the database hung."""
    one, two = pair
    lost: list[str] = []
    assert await two.claim(TWO) is None
    await one.runtime.heartbeat.registered()
    database.go_on.clear()
    monkeypatch.setattr(module, "ANSWER_S", 0.1)
    assert await one.claim(lost=lambda: lost.append("one")) is None
    assert lost == []
    database.go_on.set()
    await until(lambda: lost == ["one"])
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    assert await one.session() == TWO


async def test_a_heartbeat_waits_for_no_claim(pair: tuple[Process, Process], database: Sometimes) -> None:
    """Claims that hang are written by one task, beside the heartbeats."""
    one, _ = pair
    database.away = True
    for number in range(3):
        await one.claim(uuid4(), str(number))
    database.away = False
    database.go_on.clear()
    database.reached.clear()
    for _ in range(5):
        await asyncio.wait_for(one.runtime.heartbeat._beat(), 30)
    assert await asyncio.to_thread(database.reached.wait, 30)
    assert len(one.directory._tasks) == 1
    database.go_on.set()
    await until(lambda: not one.directory._tasks)
    assert await pair[1].session("2") is not None


async def test_a_release_does_not_overtake_a_claim(pair: tuple[Process, Process], database: Sometimes) -> None:
    """A session that starts while the one before is releasing the id has it."""
    one, two = pair
    await one.claim()
    database.go_on.clear()
    leaving = asyncio.create_task(one.release())
    await asyncio.sleep(0)
    coming = asyncio.create_task(one.claim(TWO))
    await asyncio.wait({coming}, timeout=0.1)
    database.go_on.set()
    await leaving
    assert await coming is None
    assert await two.session() == TWO


async def test_a_process_that_is_alone_waits_for_nothing(database: Sometimes) -> None:
    """It knows its sessions itself, and writes its claims beside them, for a process that starts later."""
    assert runtime().pubsub.alone
    alone = Process(runtime())
    database.go_on.clear()
    async with asyncio.timeout(30):
        assert await alone.claim() is None
        assert await alone.session() == ONE
        assert await alone.session(asker=OTHER) is None
        assert await alone.session("unknown") is None
        assert await alone.claim(TWO, "over") is None
        await alone.release(TWO, "over", readable=True)
        assert await alone.session("over") == TWO
    database.go_on.set()
    await until(lambda: not alone.directory._tasks)
    later = Process(Runtime(processes(1)[0]))
    assert await later.session() == ONE
    assert await later.session("over") is None, "it ended before its claim was written"
    await alone.directory.forget(SessionKey(OWNER, "some", "over"), TWO)
    assert await alone.session("over") is None
    await later.runtime.close()
    await alone.runtime.close()
