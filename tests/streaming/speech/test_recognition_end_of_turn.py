"""A model decides about the end of each turn of a recognition; recorded speech through the real VAD, decodes without a model."""

from collections.abc import Callable

import pytest

from streaming.speech import recognition
from streaming.speech.end_of_turn import Pause
from tests.streaming.speech.fakes import BECKETT, RATE, SENTENCES, FakeRecogniser, FakeTranscriber, listen, live


class Model:
    """Answers with a function of the number of the question; keeps the questions."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        self.pauses: list[Pause] = []
        self._answer = answer

    def silence_ms(self, pause: Pause) -> int:
        """Keep the pause and answer."""
        self.pauses.append(pause)
        return self._answer(len(self.pauses))


def texts(recogniser: FakeRecogniser, model: Model | None, **options: object) -> int:
    """Return the number of turns of six sentences with pauses of about half a second between them."""
    listened, notes = listen(recogniser, end_of_turn=model, interims=False, **options)
    live(listened, BECKETT, decoded=True)
    listened.stop()
    assert notes.done.wait(30)
    return len(notes.finals)


def test_the_model_is_asked_with_the_decoded_words(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """It gets the words and the audio of the decode that becomes the final result: no decode is added."""
    model = Model(lambda number: 200)
    assert texts(recogniser, model) >= SENTENCES
    assert all(pause.words[0] == "final" for pause in model.pauses)
    assert all(float(pause.words[1]) == pytest.approx(len(pause.pcm) / RATE, abs=0.06) for pause in model.pauses)
    assert len(transcriber.calls) <= len(model.pauses) + 1


def test_a_model_can_keep_a_turn_open(recogniser: FakeRecogniser) -> None:
    """The pauses are shorter than the silence that it asks for."""
    assert texts(recogniser, Model(lambda number: 1500), longest_turn_s=30.0) == 1


def test_the_longest_pause_is_a_limit(recogniser: FakeRecogniser) -> None:
    """Whatever the model asks for."""
    assert texts(recogniser, Model(lambda number: 60_000), longest_pause_ms=300) == SENTENCES


def test_a_failing_model_leaves_the_fixed_pause(recogniser: FakeRecogniser, caplog: pytest.LogCaptureFixture) -> None:
    """The turns end as without a model, and the log names the type of the error only."""

    def fail(number: int) -> int:
        raise ValueError("the secret words")

    assert texts(recogniser, Model(fail)) == SENTENCES
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_noise_without_words_is_not_asked_about(recogniser: FakeRecogniser, transcriber: FakeTranscriber) -> None:
    """A result that is dropped for its confidence says nothing about the end."""
    transcriber.confidence = 0.2
    model = Model(lambda number: 1500)
    texts(recogniser, model)
    assert model.pauses == []


def test_files_have_the_fixed_pause(recogniser: FakeRecogniser) -> None:
    """Nobody waits for their results."""
    model = Model(lambda number: 1500)
    assert texts(recogniser, model, live=False) == SENTENCES
    assert model.pauses == []


def test_a_late_decode_keeps_no_turn_open(
    recogniser: FakeRecogniser, transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that has no time to decode the words of a pause, the turn ends without them."""
    monkeypatch.setattr(recognition, "UNDECIDED_MS", 300)
    transcriber.gate.clear()
    listened, notes = listen(recogniser, end_of_turn=Model(lambda number: 1500), interims=False, end_of_turn_ms=300)
    live(listened, BECKETT, decoded=False)
    listened.stop()
    transcriber.gate.set()
    assert notes.done.wait(30)
    assert len(notes.finals) == SENTENCES
