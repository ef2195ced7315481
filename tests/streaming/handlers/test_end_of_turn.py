"""`turn_detection` of ReplyOnPause: the pause, the words, or a model of the developer."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from streaming import recogniser
from streaming.audio.pcm import Samples
from streaming.handlers.end_of_turn import EndOfTurnDecisions, end_of_turn_model
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stt import LONGEST_S
from streaming.speech.end_of_turn import Pause, words_model
from streaming.speech.endpointing import TurnSpan
from streaming.speech.engines.base import RecogniserError, Word
from streaming.speech.turn_detector import Turn, TurnDetector, TurnDetectorOptions

SAID = Turn(np.ones(16_000, dtype=np.int16), 16_000, ((0.0, 1.0),))
SPAN = TurnSpan(0, 31, ((0, 25),))


class Engine:
    """A recogniser that returns the same words for everything."""

    def __init__(self, *texts: str) -> None:
        self._words = tuple(Word(text, 0.0, 1.0, 0.9) for text in texts)

    def transcribe(self, pcm: Samples, voiced: Any = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return the words."""
        return self._words


class Detector(TurnDetector):
    """Keeps the answers."""

    def __init__(self) -> None:
        super().__init__(TurnDetectorOptions(asks_end=True), 16_000, None)  # type: ignore[arg-type]
        self.answers: list[tuple[TurnSpan, int]] = []

    def end_after(self, span: TurnSpan, silence_ms: int) -> None:
        """Keep the answer."""
        self.answers.append((span, silence_ms))


class Fixed:
    """A model that keeps the questions and always gives the same answer."""

    def __init__(self) -> None:
        self.pauses: list[Pause] = []

    def silence_ms(self, pause: Pause) -> int:
        """Keep the pause and answer."""
        self.pauses.append(pause)
        return 700


def loaded(monkeypatch: pytest.MonkeyPatch, engine: Engine | Exception) -> None:
    """Let a recogniser be loaded, or its loading have failed."""
    future: Future[Any] = Future()
    if isinstance(engine, Exception):
        future.set_exception(engine)
    else:
        future.set_result(engine)
    monkeypatch.setattr(recogniser, "begin_loading", lambda: future)


async def answers(model: Any, turn: Turn = SAID) -> list[tuple[TurnSpan, int]]:
    """Return what the detector was told about a pause."""
    detector = Detector()
    decisions = EndOfTurnDecisions(model, detector, 500)
    decisions.decide(turn, SPAN)
    assert decisions._task is not None
    await asyncio.wait_for(decisions._task, 30)
    decisions.close()
    return detector.answers


def test_the_names_of_the_option() -> None:
    """A fixed pause needs no model; "words" is the shipped one; others are used as they are."""
    model = Fixed()
    assert end_of_turn_model("pause") is None
    assert end_of_turn_model("words") is words_model()
    assert end_of_turn_model(model) is model


@pytest.mark.parametrize("wrong", ["vad", "", None, 500])
def test_anything_else_is_refused(wrong: Any) -> None:
    """The error names the option and what is allowed."""

    def respond(audio: Any) -> Iterator[Any]:
        yield audio

    with pytest.raises(ValueError, match='turn_detection must be "pause", "words"'):
        ReplyOnPause(respond, turn_detection=wrong)


async def test_the_model_gets_words_and_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer reaches the detector with the pause that it belongs to."""
    loaded(monkeypatch, Engine("Is", "it?"))
    model = Fixed()
    assert await answers(model, Turn(np.ones(48_000, dtype=np.int16), 48_000, ((0.0, 1.0),))) == [(SPAN, 700)]
    assert model.pauses[0].words == ("Is", "it?")
    assert len(model.pauses[0].pcm) == pytest.approx(16_000, abs=100)


async def test_the_end_of_a_long_turn_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """No recogniser decodes more than half a minute at once."""
    loaded(monkeypatch, Engine("Is", "it?"))
    model = Fixed()
    assert await answers(model, Turn(np.ones(60 * 16_000, dtype=np.int16), 16_000, ((0.0, 60.0),))) == [(SPAN, 700)]
    assert len(model.pauses[0].pcm) == LONGEST_S * 16_000


async def test_without_words_the_pause_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise is not asked about."""
    loaded(monkeypatch, Engine())
    assert await answers(Fixed()) == [(SPAN, 500)]


async def test_without_a_recogniser_the_pause_decides(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The reason is logged."""
    loaded(monkeypatch, RecogniserError("no model here"))
    assert await answers(Fixed()) == [(SPAN, 500)]
    assert "no model here" in caplog.text


async def test_an_error_of_the_model_is_not_quoted(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Its text may hold spoken words."""

    class Failing:
        def silence_ms(self, pause: Pause) -> int:
            raise ValueError("the secret words")

    loaded(monkeypatch, Engine("yes"))
    assert await answers(Failing()) == [(SPAN, 500)]
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text
