"""VAD chunk by chunk, for handlers with their own model or decision."""

import asyncio
from typing import Any

import numpy as np
import pytest

from streaming.audio.rates import Pcm
from streaming.handlers.endpointing_options import SileroVadOptions
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.sessions.handler_runner import StreamSession
from tests.streaming.handlers.turns import logs, respond
from tests.streaming.sessions.connections import Join, numbers, until
from tests.streaming.speech.test_turn_detector import SILENCE, VOICE


class LoudnessVad:
    """A VAD model in which loud audio is speech."""

    def __init__(self) -> None:
        self.options: list[Any] = []

    def vad(self, audio: Any, options: Any) -> tuple[float, list[Any]]:
        """Return the seconds of speech of a chunk."""
        self.options.append(options)
        rate, samples = audio
        return (len(samples) / rate if np.abs(samples).max() > 1000 else 0.0), []

    def warmup(self) -> None:
        """Do nothing."""


async def receive_chunks(session: StreamSession, *levels: int) -> None:
    """Receive 0.6 s of each loudness."""
    for level in levels:
        for _ in range(30):
            session.runner.push_audio(np.full(320, level, dtype=np.int16), 16_000)
            await asyncio.sleep(0)


async def test_an_own_model(join: Join) -> None:
    """The model judges each chunk, as in FastRTC: the turn has the chunks from the first with speech to the first without."""
    model = LoudnessVad()
    options = object()
    session = await join(ReplyOnPause(respond, model=model, model_options=options, input_sample_rate=16_000))
    await receive_chunks(session, 0, 9000, 9000, 0)
    await until(lambda: numbers(session) == [(1, 3 * 9600)])
    assert model.options[0] is options
    assert logs(session)[:2] == ["started_talking", "pause_detected"]


async def test_an_own_decision(join: Join) -> None:
    """`determine_pause` gets the audio since the last decision."""

    class Counting(ReplyOnPause):
        def determine_pause(self, audio: Pcm, sampling_rate: int, state: Any) -> bool:
            if len(audio) < sampling_rate // 10:
                return False
            state.stream, state.buffer = audio, None
            return True

    # With interruptions, a decision before the first output joins its audio to that of the turn before.
    session = await join(Counting(respond, can_interrupt=False, input_sample_rate=16_000))
    await receive_chunks(session, 0)
    await until(lambda: session.outputs.last >= 1)
    assert numbers(session) == [(1, 1600)]


def test_the_default_model_in_chunks() -> None:
    """The default model answers in FastRTC's form, for handlers that call it themselves."""
    model = ReplyOnPause(respond).model
    model.warmup()
    seconds, chunks = model.vad((16_000, VOICE), SileroVadOptions())
    assert 4 < seconds < 9
    assert chunks[0]["start"] == pytest.approx(0.33 * 16_000, abs=1600)
    assert model.vad((16_000, SILENCE), None) == (0, [])
