"""A session of a stream: its slot, its frames, its errors, and exactly one end (design laws 3 to 5)."""

import asyncio
import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings

from streaming.cluster import session_endpoint
from streaming.cluster.runtime import runtime
from streaming.handlers.stream_handlers import AudioFrame, StreamHandler
from streaming.sessions import handler_calls as calls_module
from streaming.sessions import session as session_module
from streaming.sessions.handler_runner import EMPTY_PAUSE_S, WAITING_FRAMES, stream_session
from streaming.types.client_connection import IdTaken, LimitReached
from streaming.types.outputs import AdditionalOutputs, CloseStream
from streaming.types.session_end import TEXTS, End
from tests.streaming.sessions.connections import (
    FRAME,
    RATE,
    Blocking,
    Counting,
    Echo,
    FakeConnection,
    Join,
    connection_of,
    handler_of,
    handler_threads,
    numbers,
    stream_of,
    until,
)


async def test_audio_reaches_the_handler_and_returns(join: Join) -> None:
    """The client's audio reaches the handler, and the handler's audio reaches the client."""
    session = await join(Echo())
    session.runner.push_audio(FRAME, RATE)
    audio = await session.runner.next_audio()
    assert audio is not None
    assert audio.rate == RATE
    assert np.array_equal(audio.samples, FRAME)


async def test_two_hundred_blocking_handlers_all_work(join: Join) -> None:
    """Each blocks its own thread and no other; all of them end."""
    everybody = [await join(Blocking()) for _ in range(200)]
    for session in everybody:
        session.runner.push_audio(FRAME, RATE)
    for session in everybody:
        async with asyncio.timeout(60):
            assert await session.runner.next_audio() is not None
    await asyncio.gather(*(session.close("enough") for session in everybody))
    assert Counting.shutdowns == 200
    await until(lambda: not handler_threads())


async def test_the_limit_of_a_stream(join: Join) -> None:
    """A stream accepts as many sessions as its limit allows; the end of one makes room."""
    stream = stream_of(Echo(), concurrency_limit=2)
    first = await join(stream)
    await join(stream)
    with pytest.raises(LimitReached) as refused:
        await join(stream)
    assert refused.value.limit == 2
    await first.close("bye")
    await join(stream)


async def test_the_limit_of_the_process(join: Join, settings: LazySettings) -> None:
    """SESSION_LIMIT counts the sessions of all streams together."""
    settings.SESSION_LIMIT = 1
    await join(Echo())
    with pytest.raises(LimitReached) as refused:
        await join(Echo())
    assert refused.value.limit == 1


async def test_an_id_has_one_session(join: Join) -> None:
    """A second session with the same id is refused, and the first one continues."""
    stream = stream_of(Echo())
    first = await join(stream, id="mine")
    with pytest.raises(IdTaken):
        await join(stream, id="mine")
    assert stream.sessions == {"mine": first}


async def test_a_handler_that_cannot_be_copied_costs_no_slot(join: Join) -> None:
    """A start that fails releases the slot and leaves the close of the connection to the transport."""

    class Broken(Echo):
        def copy(self) -> "Broken":
            raise OSError("no model")

    stream = stream_of(Broken(), concurrency_limit=1)
    for _ in range(3):
        connection = FakeConnection()
        with pytest.raises(OSError, match="no model"):
            await stream_session(stream, "a", None, connection).open()
        assert connection.reasons == []
    assert not stream.sessions
    assert len(runtime().registry) == 0


@pytest.mark.parametrize("handler", [Echo(), Blocking()])
async def test_shutdown_exactly_once(join: Join, handler: Any) -> None:
    """Several closes of a session shut its handler down once and close its connection once."""
    session = await join(handler)
    await asyncio.gather(*(session.close(f"reason {n}") for n in range(5)))
    await session.close("again")
    assert Counting.shutdowns == 1
    assert connection_of(session).reasons == ["reason 0"]
    assert session.ended.is_set()
    assert await session.runner.next_audio() is None
    assert await session.runner.next_video() is None


async def test_a_blocking_emit_is_not_called_again_after_shutdown(join: Join) -> None:
    """A second call would block for ever, and would keep the thread and the objects of the session."""

    class Waiting(Blocking):
        asked = 0

        def __init__(self) -> None:
            super().__init__()
            self.gate = threading.Semaphore(0)

        def emit(self) -> Any:
            Waiting.asked += 1
            self.gate.acquire()

        def shutdown(self) -> None:
            self.gate.release()
            threading.Event().wait(0.1)

    session = await join(Waiting())
    await until(lambda: Waiting.asked)
    await session.close("bye")
    assert Waiting.asked == 1
    await until(lambda: not handler_threads())


async def test_an_ended_session_leaves_nothing(join: Join) -> None:
    """After a session there is no task, no thread, no handler and no session object."""
    before = asyncio.all_tasks()
    connection = FakeConnection()
    session = stream_session(stream_of(Blocking()), "gone", None, connection)
    await session.open()
    session.runner.push_audio(FRAME, RATE)
    await session.runner.next_audio()
    await session.close("bye")
    gone = weakref.ref(session), weakref.ref(handler_of(session))
    del session
    await until(lambda: not handler_threads())
    await until(lambda: asyncio.all_tasks() == before)
    gc.collect()
    assert [ref() for ref in gone] == [None, None]
    assert len(runtime().registry) == 0


async def test_a_shutdown_that_fails_or_hangs(join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The slot is released, and the log names the place, not the text."""

    class Failing(Echo):
        async def shutdown(self) -> None:
            raise ValueError("secret words")

    class Hanging(Echo):
        async def shutdown(self) -> None:
            await asyncio.Event().wait()

    for handler, limit in ((Failing(), 60.0), (Hanging(), 0.05)):
        monkeypatch.setattr(session_module, "SHUTDOWN_S", limit)
        session = await join(handler)
        await session.close("bye")
        assert not session.stream.sessions
    assert "ValueError at test_stream_session.py" in caplog.text
    assert "more than 0.05 s" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("own_limit", [True, False])
async def test_shutdown_s_replaces_the_default_limit(join: Join, monkeypatch: pytest.MonkeyPatch, own_limit: bool) -> None:
    """A handler's `shutdown_s` replaces the default limit."""
    monkeypatch.setattr(session_module, "SHUTDOWN_S", 0.01)
    stored: list[str] = []

    class Storing(Echo):
        shutdown_s = 30.0 if own_limit else None

        async def shutdown(self) -> None:
            await asyncio.sleep(0.2 if own_limit else 60)
            stored.append("the last words")

    await (await join(Storing())).close("done")
    assert stored == (["the last words"] if own_limit else [])


async def test_a_drain_waits_until_the_connections_are_closed(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain waits while an id is released, which may take seconds, so that each connection is closed with its own code."""
    free = asyncio.Event()

    async def withdraw(session: Any) -> None:
        await free.wait()

    monkeypatch.setattr(session_endpoint, "withdraw", withdraw)
    session = await join(Echo())
    draining = asyncio.create_task(runtime().registry.drain(60))
    await session.ended.wait()
    await asyncio.wait({draining}, timeout=0.1)
    assert not draining.done()
    free.set()
    await draining
    assert connection_of(session).ends == [End.SHUTDOWN]


async def test_drained_at_server_shutdown(join: Join) -> None:
    """Stream sessions end at server shutdown like conversations."""
    session = await join(Echo())
    await runtime().registry.drain(30)
    assert Counting.shutdowns == 1
    assert connection_of(session).reasons == [TEXTS[End.SHUTDOWN]]
    with pytest.raises(LimitReached):
        await join(Echo())


async def test_time_limit(join: Join) -> None:
    """A session ends after `time_limit`, and the client gets the reason."""
    session = await join(Echo(), time_limit=0.05)
    await asyncio.wait_for(session.ended.wait(), 30)
    assert connection_of(session).of("end_stream") == ["the time limit of 0.05 s is reached"]
    assert Counting.shutdowns == 1


async def test_errors_reach_the_client_and_the_session_continues(join: Join) -> None:
    """An exception of `receive` or `emit` is one message, under both names, and the next frame is processed."""

    class Touchy(Blocking):
        def receive(self, frame: AudioFrame) -> None:
            self.queue.put(frame)
            if len(frame[1]) and frame[1][0] == 1:
                raise ValueError("one is too many")

        def emit(self) -> Any:
            rate, samples = self.queue.get()
            if samples[0] == 2:
                raise KeyError("two")
            return rate, samples

    session = await join(Touchy())
    for first in (1, 2, 3):
        session.runner.push_audio(np.full_like(FRAME, first), RATE)
    frames = [await session.runner.next_audio() for _ in range(2)]
    assert [audio.samples[0] for audio in frames if audio] == [1, 3]
    errors = [message for message in connection_of(session).messages if message["type"] == "error"]
    assert errors[0] == {"type": "error", "data": "one is too many", "message": "one is too many"}
    assert [error["data"] for error in errors] == ["one is too many", "'two'"]


async def test_repeated_errors_are_sent_at_a_limited_rate(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that fails on every frame does not flood its client."""
    monkeypatch.setattr(calls_module, "_AGAIN_S", 3600.0)

    class Failing(Echo):
        failures = 0

        async def receive(self, frame: AudioFrame) -> None:
            self.failures += 1
            raise ValueError("always")

    session = await join(Failing())
    for _ in range(20):
        session.runner.push_audio(FRAME, RATE)
    await until(lambda: handler_of(session).failures == 20)
    assert connection_of(session).of("error") == ["always"]


async def test_close_stream_waits_for_its_audio(join: Join) -> None:
    """The audio yielded together with CloseStream is played before the client is notified and the session ends."""
    session = await join(Echo())
    handler_of(session).queue.put_nowait(((RATE, np.concatenate((FRAME, FRAME))), CloseStream("that was all")))
    await asyncio.sleep(0.03)
    assert connection_of(session).of("end_stream") == []
    for _ in range(2):
        audio = await session.runner.next_audio()
        assert audio is not None
        session.runner.audio_output.played(audio.seconds)
    await asyncio.wait_for(session.ended.wait(), 30)
    assert connection_of(session).of("end_stream") == ["that was all"]
    assert connection_of(session).reasons == ["that was all"]
    assert await session.runner.next_audio() is None


async def test_mode_send_has_outputs_and_no_audio(join: Join) -> None:
    """A client that only sends gets outputs; the handler's audio is dropped."""
    session = await join(Echo(), mode="send")
    handler = handler_of(session)
    for n in range(5):
        handler.queue.put_nowait(((RATE, np.zeros(RATE * 60, dtype=np.int16)), AdditionalOutputs(n)))
    await until(lambda: session.outputs.last == 5)
    assert numbers(session) == [0, 1, 2, 3, 4]
    assert connection_of(session).of("fetch_output") == [[]] * 5
    assert not session.runner.playing


async def test_mode_receive_ignores_audio_of_the_client(join: Join) -> None:
    """The handler of a receive-only stream gets no audio."""
    session = await join(Echo(), mode="receive")
    session.runner.push_audio(FRAME, RATE)
    await asyncio.sleep(0.01)
    assert handler_of(session).frames == []


@pytest.mark.parametrize(("kind", "shape"), [("webrtc", (1, 480)), ("websocket", (480,)), ("telephone", (480,))])
async def test_frames_are_20_ms_in_the_shape_of_the_transport(join: Join, kind: str, shape: tuple[int, ...]) -> None:
    """The handler gets frames of 20 ms at its own rate, whatever the portions and the rate of the client."""
    session = await join(Echo(), kind=kind)
    for portion in np.array_split(np.zeros(4800, dtype=np.int16), 7):
        session.runner.push_audio(portion, 48_000)
    await until(lambda: len(handler_of(session).frames) == 5)
    assert {(rate, frame.shape, frame.dtype.name) for rate, frame in handler_of(session).frames} == {(RATE, shape, "int16")}


async def test_a_slow_handler_loses_the_oldest_audio_with_one_warning(join: Join) -> None:
    """Audio is queued for 10 s at most; the client is warned once."""

    class Slow(Echo):
        gate = asyncio.Event()

        async def receive(self, frame: AudioFrame) -> None:
            await Slow.gate.wait()
            self.frames.append(frame)

    Slow.gate = asyncio.Event()
    session = await join(Slow())
    for n in range(WAITING_FRAMES + 100):
        session.runner.push_audio(np.full_like(FRAME, n), RATE)
        if n == 0:
            await asyncio.sleep(0)
    assert len(connection_of(session).of("warning")) == 1
    Slow.gate.set()
    await until(lambda: [frame[0] for _, frame in handler_of(session).frames][-1:] == [WAITING_FRAMES + 99])
    assert len(handler_of(session).frames) >= WAITING_FRAMES


async def test_outputs_of_a_phone_call_are_its_next_inputs(join: Join) -> None:
    """A telephone has no page that could send them back."""
    session = await join(Echo(), kind="telephone")
    assert handler_of(session).phone_mode
    handler_of(session).queue.put_nowait(AdditionalOutputs("so far"))
    await until(lambda: session.outputs.last == 1)
    assert handler_of(session).latest_args[1:] == ["so far"]


async def test_an_emit_without_a_result_is_not_called_in_a_busy_loop(join: Join) -> None:
    """A handler whose `emit` returns None at once is called about fifty times a second."""

    class Idle(StreamHandler):
        asked = 0

        def copy(self) -> "Idle":
            return Idle()

        def receive(self, frame: AudioFrame) -> None: ...

        def emit(self) -> None:
            self.asked += 1

    now = asyncio.get_running_loop().time
    begun = now()
    session = await join(Idle())
    await until(lambda: handler_of(session).asked > 5)
    assert now() - begun > 4.5 * EMPTY_PAUSE_S


async def test_an_end_that_fails_releases_the_slot(join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a handler nor a connection that fails to close keeps the slot."""
    stream = stream_of(Echo(), concurrency_limit=1)
    session = await join(stream)
    disconnected: list[str] = []

    def broken(end: End | None = None, reason: str = "") -> None:
        disconnected.append(reason)
        raise OSError("secret words")

    monkeypatch.setattr(handler_of(session), "parley_leave", broken)
    monkeypatch.setattr(session.connection, "hang_up", broken)
    await session.close("bye")
    assert disconnected == ["", "bye"]
    assert caplog.text.count("OSError at test_stream_session.py") == 2
    assert "secret" not in caplog.text
    assert await join(stream) is not None


async def test_a_connection_that_fails_does_not_end_the_session(join: Join, caplog: pytest.LogCaptureFixture) -> None:
    """The session continues after a message that could not be sent."""
    session = await join(Echo())

    def broken(message: Any) -> None:
        raise ConnectionError("secret words")

    session.connection.message = broken
    session.send_message({"type": "log", "data": "x"})
    session.runner.push_audio(FRAME, RATE)
    assert await session.runner.next_audio() is not None
    assert "ConnectionError at test_stream_session.py" in caplog.text
    assert "secret" not in caplog.text


async def test_outputs_without_a_wait_leave_the_event_loop_to_others(join: Join) -> None:
    """An `emit` that returns an output at each call, and never waits, does not stop the process."""

    class Eager(Echo):
        async def emit(self) -> Any:
            return AdditionalOutputs(1)

    session = await join(Eager())
    await until(lambda: session.outputs.last > 3)
    for _ in range(100):
        await asyncio.sleep(0)
    await session.close("enough")
