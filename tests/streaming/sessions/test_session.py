"""The session, with any runner: messages in order, limits, and exactly one end (design law 5)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from insights.access import Grant
from streaming.aio.bounded_queue import BoundedQueue
from streaming.cluster.registry import Registry
from streaming.cluster.runtime import runtime
from streaming.sessions import session as session_module
from streaming.sessions.session import Runner, Session
from streaming.types.client_connection import LimitReached
from streaming.types.session_end import AT_ONCE, TEXTS, End
from tests.streaming.sessions.connections import FakeConnection, until

INBOX = 100


class Words(Runner):
    """Records its messages; "boom" raises, "bye" finishes the session, and "idle talk" is no activity."""

    limit_s: float | None = 60.0

    def __init__(self, session: "Session[Words]") -> None:
        self.session = session
        self.inbox: BoundedQueue[str] = BoundedQueue(INBOX)
        self.got: list[str] = []
        self.ends: list[End] = []
        self.announced: list[tuple[End, str]] = []
        self.stopped = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def start(self) -> None:
        """Read the inbox."""
        self.session.set_idle_limit(self.limit_s)
        self.serving = self.session.spawn(self.session.serve(self.inbox, self.receive))

    async def receive(self, word: str) -> None:
        """Record a word."""
        with self.session.busy():
            await self.gate.wait()
            if word == "boom":
                raise ValueError("secret words")
            self.got.append(word)
        if word == "bye":
            self.session.end(End.FINISHED)
        elif word != "idle talk":
            self.session.touch()

    def on_end(self, end: End, reason: str) -> None:
        """Record the end, and read no more messages."""
        self.announced.append((end, reason))
        self.inbox.close(discard=end in (End.OVERRUN, End.FINISHED))

    async def shutdown(self, end: End) -> None:
        """Handle the received messages, and record the end."""
        await self.serving
        self.ends.append(end)

    def stop(self) -> None:
        """Count the call."""
        self.stopped += 1


Open = Callable[..., Any]


def connection_of(session: Session[Words]) -> FakeConnection:
    """Return the fake connection of the session."""
    assert isinstance(session.connection, FakeConnection)
    return session.connection


@pytest.fixture(autouse=True)
def no_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the housekeeping that needs a database."""
    monkeypatch.setattr(Registry, "start", lambda self: None)


async def opened(make: Callable[[Session[Words]], Words] = Words, grant: Grant | None = None) -> Session[Words]:
    """Return an open session."""
    session: Session[Words] = Session(FakeConnection(), 7, "room", make, grant=grant)
    await session.open()
    return session


async def over(session: Session[Words]) -> End:
    """Wait for the end; return why the connection was closed."""
    await asyncio.wait_for(session.ended.wait(), 30)
    await session.close("again")
    return connection_of(session).ends[-1]


async def test_finished_by_its_handler() -> None:
    """A session ends as FINISHED when its handler finishes it, and releases its slot."""
    session = await opened()
    for word in ("one", "two", "bye", "never"):
        assert session.runner.inbox.put(word)
    assert await over(session) is End.FINISHED
    assert session.runner.got == ["one", "two", "bye"]
    assert session.runner.ends == [End.FINISHED]
    assert session.runner.stopped == 1
    assert len(runtime().registry) == 0


async def test_lost_after_everything_received_was_handled() -> None:
    """A session whose client disconnects handles every message that the client sent."""
    session = await opened()
    session.runner.inbox.put("one")
    session.end(End.LOST)
    assert not session.runner.inbox.put("too late")
    assert await over(session) is End.LOST
    assert session.runner.got == ["one"]
    assert session.runner.ends == [End.LOST]


async def test_idle() -> None:
    """A session whose client is inactive for the idle limit ends; without a limit it does not."""
    session = await opened()
    session.set_idle_limit(None)
    await asyncio.sleep(0.05)
    assert not session.ended.is_set()
    session.set_idle_limit(0.02)
    assert await over(session) is End.IDLE
    assert session.runner.ends == [End.IDLE]


@pytest.mark.parametrize(("word", "ends"), [("idle talk", True), ("a step", False)])
async def test_only_activity_resets_the_idle_limit(word: str, ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends only messages without activity reaches the idle limit like a silent one."""
    loop, passed = asyncio.get_running_loop(), 0.0
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + passed)
    session = await opened()
    for _ in range(40):
        session.runner.inbox.put(word)
        for _ in range(10):  # the runner handles the word and waits for the next one
            await asyncio.sleep(0)
        passed += 6.0
    assert session.ended.is_set() is ends
    session.end(End.LOST)
    assert await over(session) is (End.IDLE if ends else End.LOST)


async def test_handler_time_is_no_inactivity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The idle limit does not count while the handler works; afterwards the client has as much time as before."""
    monkeypatch.setattr(session_module, "BUSY_POLL_S", 0.01)
    session = await opened()
    session.runner.gate.clear()
    session.set_idle_limit(0.05)
    session.runner.inbox.put("idle talk")
    await asyncio.sleep(0.3)
    assert not session.ended.is_set()
    session.runner.gate.set()
    assert await over(session) is End.IDLE
    assert session.runner.got == ["idle talk"]


async def test_failed(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that raises ends its own session only; the log names type and place, never the text."""
    session = await opened()
    session.runner.inbox.put("boom")
    assert await over(session) is End.FAILED
    assert session.runner.ends == [End.FAILED]
    assert "ValueError at test_session.py" in caplog.text
    assert "secret" not in caplog.text


async def test_shutdown() -> None:
    """At server shutdown a session handles its queued messages, then ends as SHUTDOWN; no new session starts."""
    session = await opened()
    session.runner.inbox.put("one")
    await runtime().registry.drain(30)
    assert await over(session) is End.SHUTDOWN
    assert session.runner.got == ["one"]
    with pytest.raises(LimitReached):
        await opened()


@pytest.mark.parametrize("end", sorted(AT_ONCE, key=str))
@pytest.mark.parametrize("ending", [False, True])
async def test_closed_at_once(end: End, ending: bool) -> None:
    """Where nothing more may reach the client, the connection is closed before the handler has finished, also during another end."""
    session = await opened()
    session.runner.gate.clear()
    session.runner.inbox.put("one")
    await asyncio.sleep(0)
    if ending:
        session.end(End.LOST)
        await asyncio.sleep(0)
        assert connection_of(session).ends == []
    session.end(end, "why")
    assert (connection_of(session).ends, connection_of(session).reasons) == ([end], ["why"])
    assert not session.ended.is_set()
    session.runner.gate.set()
    assert await over(session) is end
    assert session.runner.ends == [End.LOST if ending else end]


async def test_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session whose grant is revoked ends, whatever its transport."""
    grant = Grant(7)
    session = await opened(grant=grant)
    runtime().revocation._end({grant})
    assert await over(session) is End.REVOKED
    assert session.runner.announced == [(End.REVOKED, TEXTS[End.REVOKED])]


async def test_a_start_that_fails_or_is_cancelled() -> None:
    """The slot is released, a runner that exists is shut down, and the transport closes the connection itself."""

    class Broken(Words):
        def start(self) -> None:
            super().start()
            raise OSError("no")

    made: list[Broken] = []

    def make(session: Session[Words]) -> Broken:
        made.append(Broken(session))
        return made[-1]

    with pytest.raises(OSError, match="no"):
        await opened(make)
    assert made[0].ends == [End.FAILED]
    assert connection_of(made[0].session).ends == []
    assert len(runtime().registry) == 0


async def test_a_shutdown_that_hangs_does_not_keep_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session stops waiting for its runner's shutdown after SHUTDOWN_S."""
    monkeypatch.setattr(session_module, "SHUTDOWN_S", 0.02)

    class Hanging(Words):
        async def shutdown(self, end: End) -> None:
            await asyncio.Event().wait()

    before = asyncio.all_tasks()
    session = await opened(Hanging)
    session.end(End.LOST)
    await over(session)
    assert len(runtime().registry) == 0
    await until(lambda: asyncio.all_tasks() <= before)


async def test_what_begins_at_the_end_is_ended() -> None:
    """A task that starts while the other ones end does not outlive the session."""
    begun: list[asyncio.Task[None]] = []

    class Late(Words):
        def start(self) -> None:
            super().start()
            self.session.spawn(self.begin_another())

        async def begin_another(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                begun.append(self.session.spawn(forever()))

    async def forever() -> None:
        await asyncio.Event().wait()

    session = await opened(Late)
    await asyncio.sleep(0)
    session.end(End.LOST)
    await over(session)
    await asyncio.wait(begun, timeout=30)
    assert [task.cancelled() for task in begun] == [True]


async def test_the_limit_of_sessions(settings: Any) -> None:
    """The session after the last allowed one is refused; the end of a session makes room."""
    settings.SESSION_LIMIT = 1
    first = await opened()
    with pytest.raises(LimitReached):
        await opened()
    first.end(End.LOST)
    await over(first)
    second = await opened()
    second.end(End.LOST)
    assert await over(second) is End.LOST
