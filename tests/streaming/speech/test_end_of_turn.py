"""The words before a pause decide how long it must be to end the turn."""

from math import log

import pytest

from streaming.audio.resample import EMPTY
from streaming.speech.end_of_turn import (
    COMPLETE_MS,
    EARLIEST_MS,
    LATEST_MS,
    UNFINISHED,
    EndOfTurnWeights,
    Pause,
    WordsModel,
    features,
    score_of,
    word_class,
    words_model,
)


def silence_ms(text: str) -> int:
    """Return the decision of the shipped model about a text."""
    return words_model().silence_ms(Pause(tuple(text.split()), EMPTY))


@pytest.mark.parametrize(
    "text",
    [
        "What time does the meeting start?",
        "Yes, that's fine.",
        "Thank you very much.",
        "Shall we start with the budget?",
        "Can you send it to me?",
    ],
)
def test_a_complete_sentence_ends_early(text: str) -> None:
    """The silence is at most half of the usual one."""
    assert silence_ms(text) <= 250


@pytest.mark.parametrize(
    "text",
    [
        "I went to the market and",
        "We could send it to the",
        "It depends on",
        "And then I would like um",
        "The problem is that we",
        "Because if",
    ],
)
def test_an_unfinished_sentence_ends_late(text: str) -> None:
    """The silence is longer than the usual one."""
    assert silence_ms(text) > 500


@pytest.mark.parametrize("mark", ["", ".", "?", "...", ","])
def test_the_last_mark_is_not_read(mark: str) -> None:
    """A recogniser writes a full stop after the last word of any piece of audio."""
    assert features(["We", "went", "to", "the" + mark]) == features(["We", "went", "to", "the"])


def test_marks_inside_divide_sentences() -> None:
    """The first words are those of the last sentence."""
    assert "first2=what is" in features(["Well,", "I", "see.", "What", "is", "the", "price?"])


@pytest.mark.parametrize("words", [(), ("...",), ("",), ("é" * 50,), ("word",) * 5000])
def test_any_words_have_a_decision(words: tuple[str, ...]) -> None:
    """Also no words, marks alone and very many words."""
    assert EARLIEST_MS <= words_model().silence_ms(Pause(words, EMPTY)) <= LATEST_MS


def test_the_table_gives_the_silence_of_the_score() -> None:
    """Below the first score, the first silence counts."""
    weights = EndOfTurnWeights({"1=yes": 8.0, "1=and": -4.0}, 0.0, {}, -30.0)
    model = WordsModel(weights, [(-3.0, 900), (-2.0, 500), (2.0, 200)])
    assert [model.silence_ms(Pause((word,), EMPTY)) for word in ("and", "maybe", "yes")] == [900, 500, 200]
    assert model.odds(["maybe"]) == pytest.approx((0.0, -30.0))


def test_a_complete_sentence_limits_the_silence() -> None:
    """However improbable an end of the turn is, an answer may follow."""
    weights = EndOfTurnWeights({}, -8.0, {"1=and": -4.0}, 1.0)
    model = WordsModel(weights, [(-30.0, 1200)])
    assert [model.silence_ms(Pause((word,), EMPTY)) for word in ("and", "today")] == [1200, COMPLETE_MS]


def test_an_unfinished_sentence_lowers_the_score() -> None:
    """A false cut-off inside of a sentence is worse."""
    assert score_of(0.0, -30.0) == pytest.approx(-log(UNFINISHED))
    assert score_of(0.0, 30.0) == pytest.approx(0.0)


@pytest.mark.parametrize(("word", "name"), [("um", "filler"), ("the", "article"), ("42", "digits"), ("going", "ing"), ("table", "other")])
def test_words_have_classes(word: str, name: str) -> None:
    """By a list, or by their ending."""
    assert word_class(word) == name
