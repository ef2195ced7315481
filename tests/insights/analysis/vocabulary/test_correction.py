"""Recognition errors of vocabulary phrases are corrected, and other words stay."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import Correction, Vocabulary
from insights.analysis.vocabulary.correction import corrected
from insights.analysis.vocabulary.mishearing import word

VOCABULARY = Vocabulary(["Parley", "Kubernetes", "Zendesk", "OAuth", "Grafana", "Anneliese Weber"])


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Welcome to par lay, everyone.", "Welcome to Parley, everyone."),
        ("We run it on cooper netties now.", "We run it on Kubernetes now."),
        ("I opened a zen desk ticket", "I opened a Zendesk ticket"),
        ("look at graf anna's board", "look at Grafana's board"),
        ("ask annalise webber", "ask Anneliese Weber"),
        ("grafana is up", "Grafana is up"),
        ("(par lay)", "(Parley)"),
    ],
)
def test_corrected(heard: str, meant: str) -> None:
    """Words that sound similar to a phrase are replaced, and punctuation and white space stay."""
    assert VOCABULARY.apply(heard) == meant


@pytest.mark.parametrize(
    "text",
    [
        "I partly agree with you.",
        "The party lay ahead.",
        "We stand on the desk.",
        "Send this to Anna.",
        "part of the way",
        "Parley is up.",
        "Parley's up.",
        "It is a pearl.",
        "barely enough",
        "",
        "-- ... --",
    ],
)
def test_not_corrected(text: str) -> None:
    """Ordinary words and correct phrases stay."""
    assert VOCABULARY.apply(text) == text


@pytest.mark.parametrize(("sure", "said"), [((0.99, 0.97, 0.96), "Zendesk"), ((0.99, 0.45, 0.5), "Parley")])
def test_word_confidence_counts(sure: tuple[float, ...], said: str) -> None:
    """'par lay' is corrected with low confidence, and stays with high confidence."""
    heard = ["to", "par", "lay"]
    assert (VOCABULARY.correct(heard, sure) == [Correction(1, 3, "Parley")]) == (said == "Parley")


@pytest.mark.parametrize("sure", [(0.95, 0.95), (), (0.9, 0.8, 0.7)])
def test_uninformative_confidences(sure: tuple[float, ...]) -> None:
    """One confidence for all words, none, or a wrong number of them counts as low confidence."""
    assert VOCABULARY.correct(["par", "lay"], sure) == [Correction(0, 2, "Parley")]


def test_corrections_are_word_ranges() -> None:
    """A correction names the words that it replaces."""
    assert VOCABULARY.correct(["welcome", "to", "par", "lay,"]) == [Correction(2, 4, "Parley")]


def test_corrections_do_not_overlap() -> None:
    """Of two phrases for the same words the more likely one is used."""
    both = Vocabulary(["Kubernetes", "Netties"])
    assert both.correct(["cooper", "netties"]) == [Correction(0, 2, "Kubernetes")]


def test_words_over_a_full_stop_are_not_joined() -> None:
    """'par. Lay' is in two sentences."""
    assert VOCABULARY.apply("at par. Lay it down") == "at par. Lay it down"


def test_correct_phrases_are_in_no_candidate() -> None:
    """A correctly recognised phrase is no part of a candidate, alone or with its neighbours."""
    words = [word(text) for text in ("the", "Anneliese", "Weber", "calls")]
    spans = [(start, end) for start, end, _, _ in VOCABULARY.candidates(words, [0.1] * 4, 0.0005)]
    assert all(end <= 1 or start >= 3 for start, end in spans)


def test_corrected_text_keeps_its_spaces() -> None:
    """Only the words change."""
    assert corrected("so,  par lay's\tup", [Correction(1, 3, "Parley")]) == "so,  Parley's\tup"


def test_an_empty_vocabulary_changes_nothing() -> None:
    """Without phrases, or with too short ones, nothing changes."""
    assert Vocabulary(["", " ", "ab"]).apply("anything goes") == "anything goes"


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """No text raises an error, and a second pass changes nothing more."""
    once = VOCABULARY.apply(text)
    assert VOCABULARY.apply(once) == once


@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=40))
def test_any_phrase(phrases: list[str], text: str) -> None:
    """No phrase raises an error, and an empty text stays empty."""
    vocabulary = Vocabulary(phrases)
    vocabulary.apply(text)
    assert vocabulary.apply("") == ""


def test_comparisons_are_bounded() -> None:
    """The words are compared with a bounded number of phrases, however many sound the same."""
    vowels = ("a", "e", "i", "o", "u")
    alike = Vocabulary([f"p{one}t{two} p{three}t{four} p{one}t{four}" for one, two, three, four in product(vowels, repeat=4)])
    said = [word(text) for text in ("pata", "peto", "pitu")]
    found = Counter((start, end) for start, end, _, _ in alike.candidates(said, [0.2] * 3))
    assert found == {(0, 2): 40, (0, 3): 40, (1, 3): 40}
