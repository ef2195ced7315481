"""Punctuation: what may change and what must stay; the shipped weights on sentences of everyday work."""

import time

import pytest

from insights.analysis.text.sentences import sentences
from streaming.speech.engines.base import Word
from streaming.speech.punctuation.features import SIZE, category_ids, ids_of, pause_kinds, place_features
from streaming.speech.punctuation.marks import PunctuationMark, capitalised, token, uncapitalised
from streaming.speech.punctuation.model import shipped


def words(text: str, pauses: dict[int, float] | None = None) -> tuple[Word, ...]:
    """Return words of 0.25 s each, with pauses in seconds after some of them."""
    found: list[Word] = []
    at = 0.0
    for place, piece in enumerate(text.split()):
        found.append(Word(piece, at, at + 0.25, 0.9))
        at += 0.25 + (pauses or {}).get(place, 0.0)
    return tuple(found)


def written(text: str, pauses: dict[int, float] | None = None, *, is_final: bool = True) -> str:
    """Return the text that the shipped model writes."""
    return " ".join(word.text for word in shipped().of(words(text, pauses), is_final=is_final))


@pytest.mark.parametrize(
    ("word", "mark", "plain", "fixed"),
    [
        ("Hello,", PunctuationMark.COMMA, "hello", False),
        ("done.", PunctuationMark.PERIOD, "done", False),
        ("really?!", PunctuationMark.QUESTION, "really", False),
        ("well...", PunctuationMark.ELLIPSIS, "well", False),
        ("Dr.", PunctuationMark.PERIOD, "dr", True),
        ("p.m.", PunctuationMark.PERIOD, "p.m", True),
        ("I.", PunctuationMark.PERIOD, "i", False),
        ("3.5", PunctuationMark.NONE, "#", False),
        ("20th,", PunctuationMark.COMMA, "#", False),
        ('"yes."', PunctuationMark.PERIOD, "yes", False),
        ("-", PunctuationMark.NONE, "", True),
    ],
)
def test_tokens(word: str, mark: PunctuationMark, plain: str, fixed: bool) -> None:
    """A word is split into its text and its mark; a period of an abbreviation belongs to the word."""
    one = token(word)
    assert (one.mark, one.plain, one.fixed) == (mark, plain, fixed)
    assert one.with_mark(mark) == word


def test_capital_letters() -> None:
    """Only words that are written small get a capital letter, and only words with one capital letter lose it."""
    assert [capitalised(word) for word in ("the", "iPhone", "Berlin", "3rd")] == ["The", "iPhone", "Berlin", "3rd"]
    assert [uncapitalised(word) for word in ("The", "I", "I'm", "OK", "McCoy")] == ["the", "I", "I'm", "OK", "McCoy"]


def test_questions_and_joined_sentences() -> None:
    """The complaint of readers: sentences that a comma joins, and questions without a mark."""
    joined = written("Our launch is planned for the 20th, is the pricing page finished.", {6: 0.3})
    assert joined == "Our launch is planned for the 20th. Is the pricing page finished?"
    assert [one.text for one in sentences(joined)] == ["Our launch is planned for the 20th.", "Is the pricing page finished?"]
    assert written("Can you send me the report by Friday.") == "Can you send me the report by Friday?"
    assert written("What do we need to decide today.") == "What do we need to decide today?"


@pytest.mark.parametrize(
    "text",
    [
        "Good morning, Anna. No problem. What do we need to decide today?",
        "I will send the report to Maria by Friday.",
        "We met Dr. Smith at 3.30 p.m. on Monday.",
        "The budget is 12,000 dollars, 80% of it is spent.",
        "It costs 2, 3 or 4 euros.",
        "Good morning, Tom.",
        "Yes.",
        "Thank you.",
    ],
)
def test_what_is_right_stays(text: str) -> None:
    """Texts with right marks do not change."""
    assert written(text) == text


def test_only_marks_and_capitals_change() -> None:
    """Words, times and confidences stay, whatever the words are."""
    for text in ("", "a", "?", "... -- !", "I I I I", "the, the, the, the", "Ünïcode, “quoted.” (Yes), 3. 4. 5."):
        given = words(text)
        found = shipped().of(given)
        assert [(word.start, word.end, word.confidence) for word in found] == [(word.start, word.end, word.confidence) for word in given]
        assert [token(word.text).plain for word in found] == [token(word.text).plain for word in given]


def test_the_end_of_an_open_turn_stays() -> None:
    """An interim result keeps the mark of its last word: the sentence may go on."""
    for text in ("so what is the", "is the pricing page finished.", "and we have to"):
        assert token(written(text, is_final=False).split()[-1]).mark is token(text.split()[-1]).mark


def test_features_of_places() -> None:
    """The features of a turn are numbers below the size of the table; the same words give the same numbers."""
    kinds = pause_kinds([0.0, 0.2, 1.0])
    said = ["so", "we", "start"]
    features = place_features(ids_of(said), category_ids(said), kinds)
    assert features.shape == (3, 29)
    assert 0 <= features.min() <= features.max() < SIZE
    assert (features == place_features(ids_of(said), category_ids(said), kinds)).all()


def test_it_is_fast() -> None:
    """A long turn takes a millisecond of CPU time; the limit is four times that."""
    given = words("and then we looked at the numbers, " * 8)
    punctuator = shipped()
    punctuator.of(given)
    began = time.thread_time()
    for _ in range(20):
        punctuator.of(given)
    assert (time.thread_time() - began) / 20 < 0.004
