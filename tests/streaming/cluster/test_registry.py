"""The registry's clean-up: heartbeats before the closing, whatever happened to the clock or the database (design law 5)."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from insights import recorder
from insights.recorder import StoredEvent
from streaming.cluster import heartbeat as heartbeat_module
from streaming.cluster import registry as registry_module
from streaming.cluster.broadcast import Broadcaster
from streaming.cluster.heartbeat import HEARTBEAT, Heartbeat
from streaming.cluster.poller import Poller, Work
from streaming.cluster.registry import CLEAN_UP, GRACE_S, LATE_S, Registry
from streaming.cluster.runtime import Runtime, runtime
from streaming.types.session_end import End


class Stepped(Poller):
    """Runs background work when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.work: dict[str, Work] = {}
        self.every_s: dict[str, float] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.work

    def add(self, name: str, work: Work, every_s: float, *, first_s: float | None = None) -> None:
        """Keep the work."""
        self.work[name], self.every_s[name] = work, every_s


class Process:
    """A process, whose database notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.slept = 0.0
        """Seconds that the machine was suspended."""
        self.waited = 0.0
        """Seconds that passed without a wait of the test."""
        self.away = False
        self.alive = True
        self.poller = Stepped()
        self.heartbeat = Heartbeat(runtime().pubsub, self.poller)
        self.registry = Registry(Broadcaster(runtime().pubsub, self.poller), self.poller, self.heartbeat)

    async def ask(self, work: Any, *args: Any) -> Any:
        """Stand in for the database."""
        self.calls.append(work.__name__)
        if self.away:
            raise OperationalError("away")
        return self.alive if work is recorder.heartbeat else []

    async def run(self, *names: str) -> list[str]:
        """Run background work in this order and return the database calls; work that fails is tried again later, as by the poller."""
        del self.calls[:]
        for name in names:
            try:
                await self.poller.work[name]()
            except OperationalError:
                assert self.away
        return self.calls

    async def join(self, session: "Ending") -> None:
        """Let a session join a conversation."""
        self.registry.add(session)
        self.registry.joined(session.id, await self.heartbeat.registered())


class Ending:
    """A session that notes how the server ends it."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.ended = asyncio.Event()
        self.ends: list[End] = []

    def end_early(self, end: End) -> None:
        """Note it."""
        self.ends.append(end)

    async def close(self, reason: str) -> None:
        """Wait until it has ended."""
        await self.ended.wait()


@pytest.fixture
async def session() -> Ending:
    """A session that is in a conversation."""
    return Ending()


@pytest.fixture
async def process(monkeypatch: pytest.MonkeyPatch, session: Ending) -> AsyncIterator[Process]:
    """A process with one session that is in a conversation."""
    process, clock = Process(), time.time
    monkeypatch.setattr(registry_module, "run_write", process.ask)
    monkeypatch.setattr(heartbeat_module, "run_heartbeat", process.ask)
    monkeypatch.setattr(time, "time", lambda: clock() + process.slept)
    monkeypatch.setattr(registry_module, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + process.waited))
    process.registry.start()
    await process.join(session)
    return process


CLOSING, BEAT, REGISTER = recorder.close_due.__name__, recorder.heartbeat.__name__, recorder.register_process.__name__


async def test_stale_conversations_are_closed_all_the_time(process: Process) -> None:
    """Each check closes what is due, between the heartbeats too."""
    assert await process.run(CLEAN_UP, CLEAN_UP, CLEAN_UP) == [CLOSING] * 3


async def test_a_heartbeat_is_sent_each_time(process: Process) -> None:
    """Pages count a session as ended after seven seconds without a heartbeat; a change of the wall clock changes nothing."""
    assert process.poller.every_s[HEARTBEAT] <= 3.0
    for slept in (0.0, 3600.0, -3600.0, 0.0):
        process.slept = slept
        assert await process.run(HEARTBEAT, HEARTBEAT) == [BEAT, BEAT]


async def test_without_a_session_there_is_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that never had a session has no row; the first session inserts it, once."""
    process = Process()
    monkeypatch.setattr(heartbeat_module, "run_heartbeat", process.ask)
    process.heartbeat.start()
    assert await process.run(HEARTBEAT) == []
    first, *others = await asyncio.gather(*(process.heartbeat.registered() for _ in range(5)))
    assert others == [first] * 4
    assert process.calls == [REGISTER]
    assert await process.run(HEARTBEAT) == [BEAT]


@pytest.mark.parametrize("order", [(CLEAN_UP, HEARTBEAT), (HEARTBEAT, CLEAN_UP)])
async def test_a_suspended_process_sends_a_heartbeat_before_it_closes_stale_conversations(process: Process, order: tuple[str, str]) -> None:
    """After a machine was suspended, no session counts as stale, neither its own nor those of other suspended processes."""
    process.slept = 3600.0
    assert await process.run(*order, CLEAN_UP) == [BEAT]
    process.waited += GRACE_S
    assert await process.run(CLEAN_UP) == [CLOSING]


async def test_a_heartbeat_waits_for_no_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closing that hangs, at a lock or at an unreachable database, delays no heartbeat."""
    asked, beats = asyncio.Event(), []

    async def hang(work: Any, *args: Any) -> list[Any]:
        asked.set()
        await asyncio.Event().wait()
        return []

    async def beat(work: Any, *args: Any) -> bool:
        beats.append(work.__name__)
        return True

    monkeypatch.setattr(registry_module, "run_write", hang)
    monkeypatch.setattr(heartbeat_module, "run_heartbeat", beat)
    monkeypatch.setattr(heartbeat_module, "HEARTBEAT_S", 0.01)
    own = Runtime()
    own.start()
    await own.heartbeat.registered()
    await asyncio.wait_for(asked.wait(), 30)
    del beats[:]
    async with asyncio.timeout(30):
        while len(beats) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert set(beats) == {BEAT}
    await own.close()


async def test_after_a_database_failure_heartbeats_come_before_the_closing(process: Process) -> None:
    """When the database is back, heartbeats come before the closing, here and elsewhere."""
    process.away = True
    assert await process.run(HEARTBEAT, CLEAN_UP) == [BEAT, CLOSING], "it is unreachable since a moment only"
    process.slept = LATE_S + 1
    assert await process.run(HEARTBEAT, CLEAN_UP) == [BEAT]
    process.away = False
    assert await process.run(HEARTBEAT, CLEAN_UP) == [BEAT]
    process.waited += GRACE_S
    assert await process.run(CLEAN_UP) == [CLOSING]


async def test_the_sessions_of_a_process_whose_row_was_removed_end(process: Process, session: Ending) -> None:
    """Once; the process gets a new row, under which sessions join from then on."""
    before = process.heartbeat.process
    process.alive = False
    assert await process.run(HEARTBEAT) == [BEAT, REGISTER]
    assert session.ends == [End.STALE]
    assert process.heartbeat.process != before
    process.alive = True
    later = Ending()
    await process.join(later)
    assert await process.run(HEARTBEAT, HEARTBEAT) == [BEAT, BEAT]
    assert (session.ends, later.ends) == ([End.STALE], [])


async def test_a_session_that_cannot_be_ended(process: Process) -> None:
    """The others end all the same, now and when the server goes down."""

    class Broken(Ending):
        def end_early(self, end: End) -> None:
            super().end_early(end)
            raise RuntimeError("it cannot")

    broken, other = Broken(), Ending()
    for session in (broken, other):
        await process.join(session)
    process.alive = False
    await process.run(HEARTBEAT)
    assert (broken.ends, other.ends) == ([End.STALE], [End.STALE])
    await process.registry.drain(0.0)
    assert (broken.ends[1:], other.ends[1:]) == ([End.SHUTDOWN], [End.SHUTDOWN])


async def test_only_a_session_in_a_conversation_is_ended(process: Process, session: Ending) -> None:
    """A session that has not joined, or has left, has nothing that others could close."""
    process.registry.left(session.id)
    other = Ending()
    process.registry.add(other)
    process.alive = False
    await process.run(HEARTBEAT)
    assert (session.ends, other.ends) == ([], [])


async def test_a_session_that_joined_under_a_removed_row_is_ended(process: Process, session: Ending) -> None:
    """The row may be removed while a session joins; a session that joined again under the new row goes on."""
    old: UUID = await process.heartbeat.registered()
    process.registry.left(session.id)
    process.alive = False
    await process.run(HEARTBEAT)
    process.registry.joined(session.id, await process.heartbeat.registered())
    late = Ending()
    process.registry.add(late)
    process.registry.joined(late.id, old)
    assert (session.ends, late.ends) == ([], [End.STALE])
    process.registry.joined(uuid4(), old)  # of a session that has ended in the meantime


async def test_a_session_that_could_not_leave_leaves_later(process: Process, session: Ending) -> None:
    """While its process lives, nobody else removes it: a conversation that it is in would stay live for ever."""

    def leave_first() -> list[StoredEvent]:
        return []

    def leave_second() -> list[StoredEvent]:
        return []

    process.registry.leave_later(session.id, leave_first)
    process.registry.leave_later(uuid4(), leave_second)
    process.away = True
    assert await process.run(CLEAN_UP) == [CLOSING]
    process.away = False
    process.waited += GRACE_S
    assert await process.run(CLEAN_UP, CLEAN_UP) == [CLOSING, "leave_first", "leave_second", CLOSING]


@pytest.mark.parametrize("left", [True, False])
async def test_a_session_that_ends_without_leaving(process: Process, session: Ending, monkeypatch: pytest.MonkeyPatch, left: bool) -> None:
    """The end of a handler may take too long; then the registry removes the session from its conversation."""
    gone: list[UUID] = []

    def leave(session_id: UUID, *, final: bool) -> list[StoredEvent]:
        gone.append(session_id)
        return []

    async def run_write(work: Any, *args: Any) -> Any:
        return work() if isinstance(work, partial) else []

    monkeypatch.setattr(recorder, "leave", leave)
    monkeypatch.setattr(registry_module, "run_write", run_write)
    if left:
        process.registry.left(session.id)
    process.registry.remove(session)
    await process.run(CLEAN_UP, CLEAN_UP)
    assert gone == ([] if left else [session.id])
