"""Near misses of the recogniser are mended, ordinary talk is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import Correction, Vocabulary

VOCABULARY = Vocabulary(["Parley", "Kubernetes", "Zendesk", "OAuth", "Grafana", "Anneliese Weber"])


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Welcome to par lay, everyone.", "Welcome to Parley, everyone."),
        ("We run it on cooper netties now.", "We run it on Kubernetes now."),
        ("I opened a zen desk ticket", "I opened a Zendesk ticket"),
        ("look at graf anna's board", "look at Grafana's board"),
        ("ask annalise webber", "ask Anneliese Weber"),
        ("parley is up", "Parley is up"),
        ("(par lay)", "(Parley)"),
    ],
)
def test_mended(heard: str, meant: str) -> None:
    """What sounds like the phrase and is spelt nearly so is replaced; punctuation stays."""
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
        "It is a pearl.",
        "barely enough",
        "",
    ],
)
def test_left_alone(text: str) -> None:
    """Ordinary words and what is right already stay."""
    assert VOCABULARY.apply(text) == text


def test_corrections_are_word_ranges() -> None:
    """A correction names the words it replaces."""
    assert VOCABULARY.correct(["welcome", "to", "par", "lay,"]) == [Correction(2, 4, "Parley")]


def test_words_over_a_full_stop_are_not_joined() -> None:
    """'par. Lay' is the end of one sentence and the start of another."""
    assert VOCABULARY.apply("at par. Lay it down") == "at par. Lay it down"


def test_an_empty_vocabulary_changes_nothing() -> None:
    """No phrases, or too short ones: nothing to mend."""
    assert Vocabulary(["", " ", "ab"]).apply("anything goes") == "anything goes"


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Never raises, and a second pass changes nothing more."""
    once = VOCABULARY.apply(text)
    assert VOCABULARY.apply(once) == once
