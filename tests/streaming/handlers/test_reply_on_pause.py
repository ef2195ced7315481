"""ReplyOnPause: its log messages, turn after turn, and the ends of a reply."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream_handlers import AudioFrame
from streaming.speech import audio_source, vad_worker
from streaming.speech.engines.base import RecogniserError
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.handlers.turns import logs, reply, respond
from tests.streaming.sessions.connections import FRAME, RATE, Join, connection_of, handler_of, numbers, until
from tests.streaming.speech.test_turn_detector import SILENCE, VOICE


async def test_a_turn_and_its_reply(join: Join) -> None:
    """started_talking, pause_detected and response_starting come once each; the function gets (1, n) at its own rate."""

    def chatter(audio: Any) -> Iterator[Any]:
        yield AdditionalOutputs((audio[0], audio[1].shape, audio[1].dtype.name))
        for _ in range(5):
            yield RATE, FRAME

    session = await join(ReplyOnPause(chatter))
    await reply(session)
    for _ in range(5):
        assert await session.runner.next_audio() is not None
    assert numbers(session) == [(16_000, (1, 1600), "int16")]
    assert logs(session) == ["started_talking", "pause_detected", "response_starting"]


async def test_turn_after_turn(join: Join) -> None:
    """The next turn after a reply gets a reply."""

    async def count(audio: Any) -> AsyncIterator[Any]:
        yield AdditionalOutputs("heard")

    session = await join(ReplyOnPause(count))
    for n in range(1, 4):
        await reply(session)
        await until(lambda: session.outputs.last == n)  # noqa: B023  # awaited right here
        await until(lambda: not handler_of(session).busy)
    assert logs(session).count("response_starting") == 3


async def settled_turns(detector: Any) -> None:
    """Wait until the VAD thread has processed the audio and its calls have arrived."""
    loop, processed, settle = asyncio.get_running_loop(), asyncio.Event(), detector.settle

    def settled() -> bool:
        more = bool(settle())
        if not more:
            loop.call_soon_threadsafe(processed.set)  # at the end of a tick, after all of its calls
        return more

    detector.settle = settled
    detector._wake(detector)
    await asyncio.wait_for(processed.wait(), 30)
    detector.settle = settle


async def test_real_speech(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each recorded sentence gets its reply; the turn includes audio before the first word."""
    monkeypatch.setattr(vad_worker, "TICK_S", 0.0)
    monkeypatch.setattr(audio_source, "STALL_S", 3600.0)

    def count(audio: Any) -> Iterator[Any]:
        yield AdditionalOutputs(audio[1].shape[1] / audio[0])

    session = await join(ReplyOnPause(count, input_sample_rate=16_000), kind="webrtc")
    handler = handler_of(session)
    await until(lambda: handler._listener.detector._wake)
    for portion in np.concatenate((VOICE, SILENCE, SILENCE))[:185_600].reshape(-1, 3200):
        session.runner.push_audio(portion, 16_000)
        await settled_turns(handler._listener.detector)
        await until(lambda: not handler.busy)  # faster than real time: the next word would interrupt the reply
    await until(lambda: session.outputs.last == 6)
    assert all(0.8 < seconds < 2.5 for seconds in numbers(session))


async def test_an_error_ends_the_reply_and_not_the_session(join: Join) -> None:
    """The client gets the error, and the next turn gets a reply."""

    def touchy(audio: Any) -> Iterator[Any]:
        if touchy.calls == 0:  # type: ignore[attr-defined]
            touchy.calls += 1  # type: ignore[attr-defined]
            raise ValueError("no idea")
        yield AdditionalOutputs("better")

    touchy.calls = 0  # type: ignore[attr-defined]
    session = await join(ReplyOnPause(touchy))
    await reply(session)
    await until(lambda: connection_of(session).of("error") == ["no idea"])
    await until(lambda: not handler_of(session).busy)
    await reply(session)
    await until(lambda: numbers(session) == ["better"])


async def test_a_greeting(join: Join) -> None:
    """`startup_fn` runs first; it is no reply, so it is not logged."""

    def greet() -> Iterator[Any]:
        yield AdditionalOutputs("welcome")

    session = await join(ReplyOnPause(respond, startup_fn=greet))
    await until(lambda: numbers(session) == ["welcome"])
    assert logs(session) == []
    await reply(session)
    await until(lambda: session.outputs.last == 2)


async def test_without_vad(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets an error when the VAD is missing."""

    def missing() -> None:
        raise RecogniserError("silero_vad is missing")

    monkeypatch.setattr(vad_worker, "acquire", missing)
    session = await join(ReplyOnPause(respond))
    await until(lambda: connection_of(session).of("error"))
    assert "turn detection is not available" in connection_of(session).of("error")[0]
    await session.close("bye")


async def test_triggered(join: Join) -> None:
    """Code requests a reply without a pause, from any thread, also before any speech."""
    session = await join(ReplyOnPause(respond))
    await asyncio.to_thread(handler_of(session).trigger_response)
    await until(lambda: numbers(session) == [(1, 0)])


async def test_each_session_has_its_own_state(join: Join) -> None:
    """A session does not see the audio of another session of the same handler."""
    pattern = ReplyOnPause(respond)
    one, two = await join(pattern), await join(pattern)
    await reply(one)
    await until(lambda: one.outputs.last == 1)
    assert two.outputs.last == 0
    assert handler_of(one).args_set is not handler_of(two).args_set
    assert pattern._listener is None


async def test_an_overridden_emit(join: Join) -> None:
    """The `emit` of a subclass is called in a thread, as in FastRTC."""
    seen: list[Any] = []

    class Watching(ReplyOnPause):
        def emit(self) -> Any:
            item = super().emit()
            seen.append(type(item).__name__)
            return item

    session = await join(Watching(respond, interruption_options=InterruptionOptions(min_interruption_duration=0)))
    await reply(session)
    await until(lambda: session.outputs.last == 1)
    handler_of(session).began()
    await reply(session)
    await until(lambda: session.outputs.last == 2)
    assert "AdditionalOutputs" in seen
    async with asyncio.timeout(30):
        await session.close("bye")


async def test_an_overridden_receive(join: Join) -> None:
    """The `receive` of a subclass is called in a thread, because it may block."""
    names: list[str] = []

    class Noting(ReplyOnPause):
        def receive(self, frame: AudioFrame) -> None:
            names.append(threading.current_thread().name)
            super().receive(frame)

    session = await join(Noting(respond, input_sample_rate=16_000))
    session.runner.push_audio(SILENCE[:320], 16_000)
    await until(lambda: names == ["handler-receive"])
