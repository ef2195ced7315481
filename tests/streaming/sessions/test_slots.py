"""Slots, whatever happens: what is taken is given back, and every handler that began is shut down once."""

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
from tests.streaming.sessions.lines import FRAME, RATE, Echo, FakeLine, Join, handler_threads, line_of, stream_of, until

LIMIT = 3
STEPS = st.tuples(
    st.sampled_from(["open", "open", "open broken", "close", "close twice", "say", "fail", "finish"]),
    st.sampled_from(["a", "b", "c", "d", "e"]),
)


class Counted(Echo):
    """Counts; does what the next frame's first sample says: 1 raises, 2 closes."""

    begun = 0
    ended = 0
    broken = False

    def copy(self) -> "Counted":
        """Return another one, or fail."""
        if Counted.broken:
            raise OSError("no model")
        Counted.begun += 1
        return Counted()

    async def receive(self, frame: AudioFrame) -> None:
        """Obey."""
        if frame[1][0] == 1:
            raise ValueError("as you wish")
        self.queue.put_nowait(CloseStream() if frame[1][0] == 2 else AdditionalOutputs("heard"))

    async def shutdown(self) -> None:
        """Count, and sometimes fail."""
        Counted.ended += 1
        if Counted.ended % 3 == 0:
            raise RuntimeError("no clean end")


async def play(steps: list[tuple[str, str]]) -> None:
    """Go through the steps, then close whatever is open."""
    Counted.begun = Counted.ended = 0
    stream = stream_of(Counted(), concurrency_limit=LIMIT)
    opened: list[StreamSession] = []
    for what, name in steps:
        session = stream.participants.get(name)
        if what.startswith("open"):
            Counted.broken = what == "open broken"
            newcomer = stream_session(stream, name, None, FakeLine())
            with suppress(LimitReached, IdTaken, OSError):
                await newcomer.open()
                opened.append(newcomer)
        elif session is not None and what.startswith("close"):
            await asyncio.gather(*(session.close("bye") for _ in range(2 if what == "close twice" else 1)))
            assert name not in stream.participants
        elif session is not None:
            session.runner.push_audio(FRAME + {"say": 10, "fail": 1, "finish": 2}[what] - FRAME[0], RATE)
            await asyncio.sleep(0)
        assert len(stream.participants) <= LIMIT
    await asyncio.gather(*(session.close("the end") for session in opened))
    assert not stream.participants
    assert len(runtime().registry) == 0
    assert (Counted.begun, Counted.ended) == (len(opened), len(opened))
    assert [line_of(session).reasons for session in opened if len(line_of(session).reasons) != 1] == []
    assert all(session.outputs.closed for session in opened)


@pytest.fixture
def no_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests need no database, and no patience."""
    monkeypatch.setattr(media_module, "LAST_AUDIO_S", 0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=25))
def sequences(steps: list[tuple[str, str]]) -> None:
    """Play any sequence."""
    asyncio.run(play(steps))


def test_any_sequence(no_housekeeping: None) -> None:
    """Opening, failing, closing in any order leaves no slot taken; begun and shut down are as many; each line is hung up once."""
    sequences()


def living(kind: type) -> list[Any]:
    """Return all objects of a class that something still holds."""
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, kind)]


def vad_threads() -> set[threading.Thread]:
    """Return the threads that hear; a test of this process may have left its own."""
    return {thread for thread in threading.enumerate() if thread.name == "vad"}


async def test_a_hundred_sessions_one_after_the_other(join: Join) -> None:
    """Nothing grows: no task, no thread, no handler, no ear."""

    def respond(audio: Any) -> Any:
        yield audio

    async def cycle() -> None:
        session = stream_session(stream, "again", None, FakeLine("webrtc"))
        await session.open()
        session.runner.push_audio(FRAME, RATE)
        await asyncio.sleep(0)
        await session.close("bye")

    stream = stream_of(ReplyOnPause(respond), concurrency_limit=1)
    patterns = len(living(ReplyOnPause))
    threads = len(handler_threads())  # one that another test left blocked is not ours
    ears = vad_threads()
    await cycle()
    tasks = len(asyncio.all_tasks())
    for _ in range(100):
        await cycle()
    await until(lambda: vad_threads() <= ears)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: len(handler_threads()) <= threads)
    await until(lambda: len(living(ReplyOnPause)) <= patterns)


async def test_a_session_that_is_to_end_while_it_claims_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that goes down at this very moment begins no handler that nobody would ever end."""
    Counted.begun = Counted.ended = 0
    stream, line = stream_of(Counted()), FakeLine()
    session = stream_session(stream, "a", None, line)

    async def claim(claiming: StreamSession) -> None:
        claiming.end_early(End.SHUTDOWN)
        await claiming.ended.wait()

    monkeypatch.setattr(session_endpoint, "claim", claim)
    with pytest.raises(LimitReached):
        await session.open()
    assert Counted.begun == Counted.ended == 0
    assert stream.participants == {}
    assert len(runtime().registry) == 0
    assert session._runner is None
    assert line.reasons == []
