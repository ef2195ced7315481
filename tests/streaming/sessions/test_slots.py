"""Every slot that was taken is released, and every handler that started is shut down once."""

import asyncio
import gc
import threading
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.cluster import session_endpoint
from streaming.cluster.runtime import runtime
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream_handlers import AudioFrame
from streaming.sessions import media_runner as media_module
from streaming.sessions.handler_runner import StreamSession, stream_session
from streaming.types.client_connection import IdTaken, LimitReached
from streaming.types.outputs import AdditionalOutputs, CloseStream
from streaming.types.session_end import End
from tests.streaming.sessions.connections import FRAME, RATE, Echo, FakeConnection, Join, connection_of, handler_threads, stream_of, until

LIMIT = 3
STEPS = st.tuples(
    st.sampled_from(["open", "open", "open broken", "close", "close twice", "say", "fail", "finish"]),
    st.sampled_from(["a", "b", "c", "d", "e"]),
)


class Counted(Echo):
    """Counts its calls; the first sample of the next frame selects the behaviour: 1 raises, 2 closes."""

    begun = 0
    ended = 0
    broken = False

    def copy(self) -> "Counted":
        """Return another handler, or fail."""
        if Counted.broken:
            raise OSError("no model")
        Counted.begun += 1
        return Counted()

    async def receive(self, frame: AudioFrame) -> None:
        """Do what the first sample selects."""
        if frame[1][0] == 1:
            raise ValueError("as you wish")
        self.queue.put_nowait(CloseStream() if frame[1][0] == 2 else AdditionalOutputs("heard"))

    async def shutdown(self) -> None:
        """Count the call, and fail for some sessions."""
        Counted.ended += 1
        if Counted.ended % 3 == 0:
            raise RuntimeError("no clean end")


async def play(steps: list[tuple[str, str]]) -> None:
    """Run the steps, then close all open sessions."""
    Counted.begun = Counted.ended = 0
    stream = stream_of(Counted(), concurrency_limit=LIMIT)
    opened: list[StreamSession] = []
    for what, name in steps:
        session = stream.sessions.get(name)
        if what.startswith("open"):
            Counted.broken = what == "open broken"
            newcomer = stream_session(stream, name, None, FakeConnection())
            with suppress(LimitReached, IdTaken, OSError):
                await newcomer.open()
                opened.append(newcomer)
        elif session is not None and what.startswith("close"):
            await asyncio.gather(*(session.close("bye") for _ in range(2 if what == "close twice" else 1)))
            assert name not in stream.sessions
        elif session is not None:
            session.runner.push_audio(FRAME + {"say": 10, "fail": 1, "finish": 2}[what] - FRAME[0], RATE)
            await asyncio.sleep(0)
        assert len(stream.sessions) <= LIMIT
    await asyncio.gather(*(session.close("the end") for session in opened))
    assert not stream.sessions
    assert len(runtime().registry) == 0
    assert (Counted.begun, Counted.ended) == (len(opened), len(opened))
    assert [connection_of(session).reasons for session in opened if len(connection_of(session).reasons) != 1] == []
    assert all(session.outputs.closed for session in opened)


@pytest.fixture
def no_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the housekeeping that needs a database, and shorten the limits."""
    monkeypatch.setattr(media_module, "LAST_AUDIO_S", 0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=25))
def sequences(steps: list[tuple[str, str]]) -> None:
    """Run any sequence."""
    asyncio.run(play(steps))


def test_any_sequence(no_housekeeping: None) -> None:
    """Any order of opening, failing and closing leaves no slot taken, shuts down each started handler, and closes each connection once."""
    sequences()


def live_objects(kind: type) -> list[Any]:
    """Return all objects of a class that are still referenced."""
    gc.collect()
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kind)]


def vad_threads() -> set[threading.Thread]:
    """Return the VAD threads; another test of this process may have left its own."""
    return {thread for thread in threading.enumerate() if thread.name == "vad"}


async def test_a_hundred_sessions_in_sequence(join: Join) -> None:
    """A hundred sessions leave no task, thread, handler or recognition."""

    def respond(audio: Any) -> Any:
        yield audio

    async def cycle() -> None:
        session = stream_session(stream, "again", None, FakeConnection("webrtc"))
        await session.open()
        session.runner.push_audio(FRAME, RATE)
        await asyncio.sleep(0)
        await session.close("bye")

    stream = stream_of(ReplyOnPause(respond), concurrency_limit=1)
    patterns = len(live_objects(ReplyOnPause))
    threads = len(handler_threads())  # a thread that another test left blocked does not count
    threads_before = vad_threads()
    await cycle()
    tasks = len(asyncio.all_tasks())
    for _ in range(100):
        await cycle()
    await until(lambda: vad_threads() <= threads_before)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: len(handler_threads()) <= threads)
    await until(lambda: len(live_objects(ReplyOnPause)) <= patterns)


async def test_a_handler_that_is_started_later() -> None:
    """A transport that answers first starts the handler afterwards: once, and not after the end."""
    begun: list[str] = []

    class Started(Echo):
        async def start_up(self) -> None:
            begun.append("start_up")

    session = stream_session(stream_of(Started()), "a", None, FakeConnection("webrtc"))
    await session.open(start=False)
    await asyncio.sleep(0)
    assert begun == []
    session.start()
    session.start()
    await until(lambda: bool(begun))
    await session.close("bye")
    session.start()
    await asyncio.sleep(0)
    assert begun == ["start_up"]


async def test_a_runner_that_cannot_start_ends_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slot is free."""
    connection = FakeConnection("webrtc")
    stream = stream_of(Echo())
    session = stream_session(stream, "a", None, connection)
    runner = await session.open(start=False)

    def fail() -> None:
        raise RuntimeError("no thread")

    monkeypatch.setattr(runner, "start", fail)
    session.start()
    await session.ended.wait()
    assert connection.ends == [End.FAILED]
    assert stream.sessions == {}


async def test_a_session_that_ends_while_it_registers_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server shutdown during the registration starts no handler."""
    Counted.begun = Counted.ended = 0
    stream, connection = stream_of(Counted()), FakeConnection()
    session = stream_session(stream, "a", None, connection)

    async def claim(claiming: StreamSession) -> None:
        claiming.end_early(End.SHUTDOWN)
        await claiming.ended.wait()

    monkeypatch.setattr(session_endpoint, "claim", claim)
    with pytest.raises(LimitReached):
        await session.open()
    assert Counted.begun == Counted.ended == 0
    assert stream.sessions == {}
    assert len(runtime().registry) == 0
    assert session._runner is None
    assert connection.reasons == []
