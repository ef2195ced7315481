"""A silent session: it does little work, and its first turn is complete."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.audio import mulaw
from streaming.audio.rates import Converter, Pcm
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.sessions.audio_io import AudioBlock
from streaming.sessions.handler_runner import StreamSession
from streaming.speech import vad_worker
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.connections import Join, handler_of, handler_threads, numbers, until
from tests.streaming.speech.test_turn_detector import VOICE

RATE = 8_000
BLOCK = RATE // 50
SENTENCE: Pcm = Converter(RATE).push(VOICE, 16_000)[: RATE * 14 // 10]
"""Its first word begins at about 0.33 s."""


def turn_of(audio: Any) -> Iterator[Any]:
    """Return the turn as an output."""
    yield AdditionalOutputs(audio[1].reshape(-1))


def noise(seconds: float) -> Pcm:
    """Return the noise of an empty room."""
    return np.random.default_rng(3).normal(0, 15, int(seconds * RATE)).astype(np.int16)


def receive(session: StreamSession, audio_frames: Pcm, form: Callable[[Pcm], AudioBlock] = lambda block: block) -> None:
    """Pass audio to the session in frames of 20 ms."""
    for at in range(0, len(audio_frames) - BLOCK + 1, BLOCK):
        session.runner.push_audio(form(audio_frames[at : at + BLOCK]), RATE)


@pytest.fixture
async def idle(join: Join, monkeypatch: pytest.MonkeyPatch) -> StreamSession:
    """A session that has received enough silence to be idle."""
    monkeypatch.setattr(vad_worker, "SHORT_TICK_S", 0.0)
    session: StreamSession = await join(ReplyOnPause(turn_of, input_sample_rate=RATE))
    receive(session, noise(1.0))
    await until(lambda: handler_of(session).parley_at_rest())
    return session


async def test_the_vad_thread_is_not_woken_for_each_frame(idle: StreamSession) -> None:
    """Ten seconds of silence reach the VAD thread in twenty portions, not in five hundred."""
    detector = handler_of(idle)._listener.detector
    fed: list[int] = []
    detector.feed = lambda samples: fed.append(len(samples))
    receive(idle, noise(10.0))
    assert 18 <= len(fed) <= 30
    assert sum(fed) >= 9.4 * RATE
    assert not handler_threads()


@pytest.mark.parametrize("form", [lambda block: block, mulaw.encode], ids=["samples", "mu-law"])
async def test_the_first_word_is_complete(idle: StreamSession, form: Callable[[Pcm], AudioBlock]) -> None:
    """The turn is a slice of what was sent, and begins before the first word."""
    said = np.concatenate((noise(3.0), SENTENCE, noise(2.0)))
    receive(idle, said, form)
    await until(lambda: idle.outputs.last)
    sent = np.concatenate([mulaw.decode(mulaw.encode(said)) if form is mulaw.encode else said])
    at = sent.tobytes().find(numbers(idle)[0].tobytes()) // 2
    assert 2.7 * RATE < at < 3.3 * RATE


async def test_empty_frames_are_not_kept(idle: StreamSession) -> None:
    """Empty frames, which have no duration, do not wait until the buffer is full."""
    for _ in range(1000):
        idle.runner.push_audio(b"", RATE)
        idle.runner.push_audio(SENTENCE[:0], RATE)
    silence_buffer = idle.runner.audio_input._silence_buffer
    assert silence_buffer is not None
    assert len(silence_buffer._held) < 20


async def test_is_silent_only_without_a_turn_or_a_reply(idle: StreamSession) -> None:
    """A transport may delay the audio of a muted client, but not during a turn or a reply."""
    receive(idle, np.zeros(2 * RATE, dtype=np.int16))
    assert idle.runner.audio_input.silent
    handler_of(idle)._due.set()
    assert not idle.runner.audio_input.silent
