"""The text of a turn is decoded during the pause before its end, once the handler is known to transcribe its turns."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from streaming.audio.convert import Audio
from streaming.handlers.early_text import AnsweredTurn, EarlyText, Expected, TranscribedBy
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stt import SpeechToText
from streaming.speech.turn_detector import Turn
from tests.streaming.handlers.turns import reply
from tests.streaming.sessions.connections import Join, connection_of, handler_of, until

SAID = Turn(np.arange(16_000, dtype=np.int16), 16_000, ((0.1, 0.8),))
LONGER = Turn(np.arange(32_000, dtype=np.int16), 16_000, ((0.1, 1.8),))


class Model(SpeechToText):
    """Returns the number of its decode and the samples; it can wait, and can fail."""

    def __init__(self) -> None:
        self.decodes = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: Exception | None = None

    def decode(self, audio: Audio) -> str:
        self.decodes += 1
        assert self.may_end.wait(60)
        if self.error is not None:
            raise self.error
        return f"decode {self.decodes} of {np.size(audio[1])}"


def read(answered: AnsweredTurn, model: Model, samples: Any = None) -> str:
    """Transcribe as a reply does: the samples of the turn, in the shape that a handler gets."""
    turn = answered.turn
    found = answered.text_of(turn.samples.reshape(1, -1) if samples is None else samples, model)
    return model.decode((turn.rate, turn.samples)) if found is None else found


@pytest.fixture(autouse=True)
def nothing_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """No program has asked for a model."""
    monkeypatch.setattr(Expected, "model", None)


@pytest.fixture
async def early() -> Any:
    """The early text of one session."""
    made = EarlyText(TranscribedBy())
    yield made
    made.close()


async def test_from_the_second_turn_on(early: EarlyText) -> None:
    """A handler that never transcribes costs nothing. Once it does, the text of the next turn is there at its end."""
    model = Model()
    early.paused(SAID)
    assert not early.wanted
    assert await asyncio.to_thread(read, early.answered(SAID), model) == "decode 1 of 16000"
    assert early.wanted
    early.paused(LONGER)
    await until(lambda: model.decodes == 2)
    assert await asyncio.to_thread(read, early.answered(LONGER), model) == "decode 2 of 32000"
    assert await asyncio.to_thread(read, early.answered(LONGER), model) == "decode 3 of 32000"


async def test_the_first_turn_of_a_program_with_a_model(early: EarlyText, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is decoded early with the model that the program asked for; a handler that does not transcribe it is left alone from then on."""
    model = Model()
    monkeypatch.setattr(Expected, "model", model)
    early.paused(SAID)
    await until(lambda: model.decodes == 1)
    answered = early.answered(SAID)
    assert not early.wanted
    assert await asyncio.to_thread(read, answered, model) == "decode 1 of 16000"
    assert early.wanted


async def test_a_long_turn_is_not_decoded_early(early: EarlyText) -> None:
    """Each pause would cost a decode of all of it. A shorter turn after it is."""
    model = Model()
    early.transcribed_by.model = model
    long = Turn(np.zeros(16 * 16_000, dtype=np.int16), 16_000)
    early.paused(long)
    assert early.answered(long).text is None
    early.paused(SAID)
    assert early.answered(SAID).text is not None


async def test_only_for_that_turn_and_that_model(early: EarlyText) -> None:
    """Speech that goes on after the pause, other samples and another model are decoded anew."""
    model, other = Model(), Model()
    early.transcribed_by.model = model
    early.paused(SAID)
    await until(lambda: model.decodes == 1)
    assert await asyncio.to_thread(read, early.answered(LONGER), model) == "decode 2 of 32000"
    early.paused(SAID)
    await until(lambda: model.decodes == 3)
    answered = early.answered(SAID)
    assert await asyncio.to_thread(read, answered, model, SAID.samples[:100].copy()) == "decode 4 of 16000"
    assert await asyncio.to_thread(read, answered, other) == "decode 1 of 16000"


async def test_one_decode_at_a_time(early: EarlyText) -> None:
    """A pause during a decode starts no other one; the reply waits for the decode that is running."""
    model = Model()
    model.may_end.clear()
    early.transcribed_by.model = model
    early.paused(SAID)
    early.paused(LONGER)
    reading = asyncio.create_task(asyncio.to_thread(read, early.answered(SAID), model))
    await until(lambda: model.decodes == 1)
    model.may_end.set()
    assert await reading == "decode 1 of 16000"
    assert model.decodes == 1


async def test_a_decode_that_fails(early: EarlyText, caplog: pytest.LogCaptureFixture) -> None:
    """The reply decodes again; the log has no spoken words."""
    model = Model()
    model.error = RuntimeError("zeppelin")
    early.transcribed_by.model = model
    early.paused(SAID)
    await until(lambda: model.decodes == 1)
    answered = early.answered(SAID)
    model.error = None
    with caplog.at_level(logging.WARNING):
        assert await asyncio.to_thread(read, answered, model) == "decode 2 of 16000"
    assert "a turn is decoded again: RuntimeError" in caplog.text
    assert "zeppelin" not in caplog.text


async def test_a_session_that_ends(early: EarlyText) -> None:
    """Nobody waits for a decode that does not begin any more."""
    model = Model()
    early.transcribed_by.model = model
    early.close()
    early.paused(SAID)
    await asyncio.sleep(0)
    assert await asyncio.to_thread(read, early.answered(SAID), model) == "decode 1 of 16000"


async def test_the_handler_of_a_session(join: Join) -> None:
    """`stt` in a reply gets the text of the pause; all sessions of the handler know that it transcribes, those of others do not."""
    model = Model()

    def respond(audio: Any) -> Iterator[Any]:
        yield 24_000, np.full(480, len(model.stt(audio)), dtype=np.int16)
        texts.append(model.stt(audio))

    texts: list[str] = []
    handler = ReplyOnPause(respond)
    first = await join(handler)
    await reply(first, SAID)
    await until(lambda: len(texts) == 1)
    second = await join(handler)
    handler_of(second).began()
    assert handler_of(second)._listener.detector.reports_pauses
    decodes = model.decodes
    handler_of(second).may_have_ended(LONGER)
    handler_of(second).ended(LONGER)
    await until(lambda: len(texts) == 2)
    assert model.decodes == decodes + 1
    assert texts[1].endswith("of 32000")
    assert connection_of(second).of("error") == []
