"""The session: messages one after the other, and an end that always comes, once (design law 5)."""

import asyncio
from typing import Any

import pytest

from streaming.cluster.registry import TooManySessions
from streaming.cluster.runtime import runtime
from streaming.sessions import session as session_module
from streaming.sessions.session import Session
from streaming.types.session_end import End


class Echo:
    """A handler that notes what it gets; the words "boom" and "bye" do what they say, and "idle talk" gets nobody on."""

    patience_s = 60.0

    def __init__(self) -> None:
        self.got: list[str] = []
        self.ends: list[End] = []
        self.finished = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle(self, message: str) -> bool:
        """Note a message."""
        await self.gate.wait()
        if message == "boom":
            raise ValueError("secret words")
        self.got.append(message)
        self.finished = message == "bye"
        return message != "idle talk"

    async def shutdown(self, end: End) -> None:
        """Note the end."""
        self.ends.append(end)


@pytest.fixture(autouse=True)
def no_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests need no database."""


async def test_finished_by_its_handler() -> None:
    """A session ends as FINISHED when its handler has what it needs, and gives its place back."""
    session: Session[str] = Session()
    echo = Echo()
    for word in ("one", "two", "bye", "never"):
        assert session.offer(word)
    assert await session.run(echo) is End.FINISHED
    assert echo.got == ["one", "two", "bye"]
    assert echo.ends == [End.FINISHED]
    assert len(runtime().registry) == 0


async def test_lost_after_everything_received_was_handled() -> None:
    """A client that hangs up loses nothing that it had sent."""
    session: Session[str] = Session()
    echo = Echo()
    session.offer("one")
    session.hang_up()
    session.offer("too late")
    assert await session.run(echo) is End.LOST
    assert echo.got == ["one"]
    assert echo.ends == [End.LOST]


async def test_idle() -> None:
    """A client that says nothing for the handler's patience is let go."""
    session: Session[str] = Session()
    echo = Echo()
    echo.patience_s = 0.02
    assert await session.run(echo) is End.IDLE
    assert echo.ends == [End.IDLE]


@pytest.mark.parametrize(("word", "ends"), [("idle talk", True), ("a step", False)])
async def test_only_steps_renew_the_time(word: str, ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that says something all the time, but nothing that gets it on, is let go like a silent one."""
    loop, passed = asyncio.get_running_loop(), 0.0
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + passed)
    session: Session[str] = Session()
    running = asyncio.create_task(session.run(echo := Echo()))
    for _ in range(40):
        session.offer(word)
        for _ in range(10):  # it takes the word and waits for the next one
            await asyncio.sleep(0)
        passed += echo.patience_s / 10
    assert session.ended.is_set() is ends
    session.hang_up()
    assert await running is (End.IDLE if ends else End.LOST)


async def test_failed(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that raises ends its session alone; the log names type and place, never the text."""
    session: Session[str] = Session()
    echo = Echo()
    session.offer("boom")
    assert await session.run(echo) is End.FAILED
    assert echo.ends == [End.FAILED]
    assert "ValueError at test_session.py" in caplog.text
    assert "secret" not in caplog.text


async def test_shutdown() -> None:
    """At server shutdown a session handles what it has, then ends as SHUTDOWN."""
    session: Session[str] = Session()
    echo = Echo()
    running = asyncio.create_task(session.run(echo))
    await asyncio.sleep(0)
    session.offer("one")
    await runtime().registry.drain(30)
    assert await running is End.SHUTDOWN
    assert echo.got == ["one"]
    with pytest.raises(TooManySessions):
        await Session[str]().run(Echo())


async def test_cancelled() -> None:
    """Even a cancelled session shuts its handler down."""
    session: Session[str] = Session()
    echo = Echo()
    running = asyncio.create_task(session.run(echo))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert echo.ends == [End.LOST]
    assert len(runtime().registry) == 0


async def test_a_shutdown_that_hangs_does_not_keep_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler whose shutdown never returns is given up after SHUTDOWN_S."""
    monkeypatch.setattr(session_module, "SHUTDOWN_S", 0.02)

    class Hanging(Echo):
        async def shutdown(self, end: End) -> None:
            await asyncio.Event().wait()

    session: Session[str] = Session()
    session.hang_up()
    await session.run(Hanging())
    assert len(runtime().registry) == 0
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_the_inbox_is_bounded() -> None:
    """What a client sends ahead of a slow handler is refused at the limit, by weight."""
    session: Session[bytes] = Session(len)
    assert session.offer(b"x" * session_module.INBOX_BYTES)
    assert not session.offer(b"y")


async def test_the_limit_of_sessions(settings: Any) -> None:
    """The session after the last allowed one is refused, and room is there again when one ended."""
    settings.SESSION_LIMIT = 1
    first: Session[str] = Session()
    running = asyncio.create_task(first.run(Echo()))
    await asyncio.sleep(0)
    with pytest.raises(TooManySessions):
        await Session[str]().run(Echo())
    first.hang_up()
    await running
    second: Session[str] = Session()
    second.hang_up()
    assert await second.run(Echo()) is End.LOST
