"""A session in which nobody speaks: what of it still runs, and that the first word is whole all the same."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.audio import mulaw
from streaming.audio.rates import Converter, Pcm
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.sessions.audio import AudioBlock
from streaming.sessions.handler_runner import StreamSession
from streaming.speech import vad_worker
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.lines import Join, handler_of, handler_threads, numbers, until
from tests.streaming.speech.test_turn_detector import VOICE

RATE = 8_000
BLOCK = RATE // 50
SENTENCE: Pcm = Converter(RATE).push(VOICE, 16_000)[: RATE * 14 // 10]
"""Its first word begins at about 0.33 s."""


def turn_of(audio: Any) -> Iterator[Any]:
    """Give the turn away as an output."""
    yield AdditionalOutputs(audio[1].reshape(-1))


def room(seconds: float) -> Pcm:
    """Return what a microphone gives in an empty room."""
    return np.random.default_rng(3).normal(0, 15, int(seconds * RATE)).astype(np.int16)


def hear(session: StreamSession, sound: Pcm, form: Callable[[Pcm], AudioBlock] = lambda block: block) -> None:
    """Let sound be heard in blocks of 20 ms."""
    for at in range(0, len(sound) - BLOCK + 1, BLOCK):
        session.runner.push_audio(form(sound[at : at + BLOCK]), RATE)


@pytest.fixture
async def idle(join: Join, monkeypatch: pytest.MonkeyPatch) -> StreamSession:
    """A session that has heard enough of an empty room to know it."""
    monkeypatch.setattr(vad_worker, "SHORT_TICK_S", 0.0)
    session: StreamSession = await join(ReplyOnPause(turn_of, input_sample_rate=RATE))
    hear(session, room(1.0))
    await until(lambda: handler_of(session).parley_at_rest())
    return session


async def test_nobody_is_woken_for_each_block(idle: StreamSession) -> None:
    """Ten seconds of an empty room, at once, reach the hearing thread in twenty portions, not in five hundred."""
    watch = handler_of(idle)._listener.detector
    fed: list[int] = []
    watch.feed = lambda samples: fed.append(len(samples))
    hear(idle, room(10.0))
    assert 18 <= len(fed) <= 30
    assert sum(fed) >= 9.4 * RATE
    assert not handler_threads()


@pytest.mark.parametrize("form", [lambda block: block, mulaw.encode], ids=["samples", "mu-law"])
async def test_the_first_word_is_whole(idle: StreamSession, form: Callable[[Pcm], AudioBlock]) -> None:
    """The turn is a stretch of what was sent, and begins before the first word, in the room."""
    said = np.concatenate((room(3.0), SENTENCE, room(2.0)))
    hear(idle, said, form)
    await until(lambda: idle.outputs.last)
    sent = np.concatenate([mulaw.decode(mulaw.encode(said)) if form is mulaw.encode else said])
    at = sent.tobytes().find(numbers(idle)[0].tobytes()) // 2
    assert 2.7 * RATE < at < 3.3 * RATE


async def test_nothing_does_not_add_up(idle: StreamSession) -> None:
    """Empty blocks, which take no time, do not wait for the time when there is enough of them."""
    for _ in range(1000):
        idle.runner.push_audio(b"", RATE)
        idle.runner.push_audio(SENTENCE[:0], RATE)
    silence_buffer = idle.runner.audio_input._silence_buffer
    assert silence_buffer is not None
    assert len(silence_buffer._held) < 20


async def test_silent_only_at_rest(idle: StreamSession) -> None:
    """A transport may take its time with a muted client, but not while a turn is open or a reply is played."""
    hear(idle, np.zeros(2 * RATE, dtype=np.int16))
    assert idle.runner.audio_input.silent
    handler_of(idle)._due.set()
    assert not idle.runner.audio_input.silent
