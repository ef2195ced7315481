"""Speech of the user during a reply that ends it at once, without a decision; and replies that nothing interrupts."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.sessions import audio_io
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.handlers.turns import LONG, reply, respond
from tests.streaming.sessions.connections import FRAME, RATE, Join, connection_of, handler_of, handler_threads, numbers, until
from tests.streaming.speech.test_turn_detector import SILENCE

AT_ONCE = InterruptionOptions(min_interruption_duration=0)


async def test_barge_in(join: Join) -> None:
    """Without a decision, speech of the user drops the audio here and at the client, and closes the generator."""
    closed = threading.Event()

    def long(audio: Any) -> Iterator[Any]:
        try:
            while True:
                yield RATE, LONG
        finally:
            closed.set()

    session = await join(ReplyOnPause(long, interruption_options=AT_ONCE))
    await reply(session)
    assert await session.runner.next_audio() is not None
    handler_of(session).began()
    assert connection_of(session).cleared == 1
    assert not session.runner.playing
    assert await asyncio.to_thread(closed.wait, 30)
    await reply(session)
    assert await session.runner.next_audio() is not None


async def test_barge_in_before_the_first_audio_of_a_reply(join: Join) -> None:
    """A function that blocks does not delay the next turn; its late result is dropped."""
    gate = threading.Event()
    calls: list[int] = []

    def slow(audio: Any) -> Iterator[Any]:
        calls.append(1)
        number = len(calls)
        if number == 1:
            gate.wait(60)
        yield AdditionalOutputs(number)

    session = await join(ReplyOnPause(slow, interruption_options=AT_ONCE))
    await reply(session)
    await until(lambda: calls)
    await reply(session)
    await until(lambda: session.outputs.last == 1)
    gate.set()
    await until(lambda: not handler_threads())
    assert numbers(session) == [2]


async def test_barge_in_during_playback(join: Join) -> None:
    """Speech of the user stops audio that still plays after the function has ended."""
    session = await join(ReplyOnPause(respond, interruption_options=AT_ONCE))
    await reply(session)
    assert await session.runner.next_audio() is not None
    await until(lambda: handler_of(session)._reply is None)
    assert handler_of(session).busy
    handler_of(session).began()
    assert connection_of(session).cleared == 1


async def test_a_reply_that_cannot_be_interrupted(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `can_interrupt` the user's audio is ignored until the client has played the whole reply."""
    monkeypatch.setattr(audio_io, "_FAR_END_S", 3600.0)
    session = await join(ReplyOnPause(lambda audio: iter([(RATE, FRAME)]), can_interrupt=False, input_sample_rate=16_000))
    handler = handler_of(session)
    fed: list[int] = []
    handler._listener.detector.feed = lambda samples: fed.append(len(samples))
    await reply(session)
    audio_frame = await session.runner.next_audio()
    assert audio_frame is not None
    await until(lambda: handler._reply is None)
    session.runner.push_audio(SILENCE[:320], 16_000)
    assert fed == []
    session.runner.audio_output.played(audio_frame.seconds)
    session.runner.push_audio(SILENCE[:320], 16_000)
    assert fed == [320]
    assert connection_of(session).cleared == 0


async def test_a_session_that_closes_during_a_reply(join: Join) -> None:
    """The generator's clean-up runs, and no thread stays."""
    closed = threading.Event()

    def long(audio: Any) -> Iterator[Any]:
        try:
            while True:
                yield RATE, LONG
        finally:
            closed.set()

    session = await join(ReplyOnPause(long))
    await reply(session)
    assert await session.runner.next_audio() is not None
    await session.close("bye")
    assert await asyncio.to_thread(closed.wait, 30)
    await until(lambda: not handler_threads())
