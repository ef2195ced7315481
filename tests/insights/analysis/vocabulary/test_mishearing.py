"""How likely words stand for a phrase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.vocabulary.mishearing import Window, chance, needed, parts_of, phrase, signs, window, word


def heard(text: str, confidence: float) -> Window:
    """Words on end, all as sure."""
    words = [word(piece) for piece in text.split()]
    letters = sum(one.letters for one in words)
    return window(words, confidence, sum(one.english for one in words) / letters)


@pytest.mark.parametrize(
    ("likelier", "less_likely"),
    [
        (("graf anna", 0.4), ("graf anna", 0.9)),
        (("grafanna", 0.6), ("gray fauna", 0.6)),
        (("grafana", 0.6), ("griffin", 0.6)),
    ],
)
def test_what_counts(likelier: tuple[str, float], less_likely: tuple[str, float]) -> None:
    """Doubt of the recogniser, words that are no English, and a nearer sound make a mishearing likelier."""
    meant = phrase("Grafana")
    assert chance(heard(*likelier), meant) > chance(heard(*less_likely), meant)


def test_a_long_phrase_agrees_seldom_by_chance() -> None:
    """The same share of agreement counts for more in a long name."""
    short, long = phrase("Okta"), phrase("Anneliese Weber")
    assert chance(heard("okta", 0.8), short) < chance(heard("anneliese weber", 0.8), long)


def test_signs_are_in_the_order_of_the_weights() -> None:
    """Likeness, confidence, English, length, split, spelt."""
    alike, confidence, english, length, split, spelt = signs(heard("sales force", 0.8), phrase("Salesforce"))
    assert (alike, confidence, english, split, spelt) == (1, 0.8, 1, 1, 1)
    assert length == pytest.approx(phrase("Salesforce").weight / 5)


def test_parts() -> None:
    """Words are cut at hyphens and dots; capitals, accents of apostrophes and possessives are no difference."""
    assert parts_of("Mock-ups, O’Rourke's e.g.") == ("mock", "ups", "orourke", "e", "g")


def test_a_mark_ends() -> None:
    """No phrase goes over a comma or a full stop; a hyphen inside is none."""
    assert word("par,").ends
    assert word('done."').ends
    assert not word("mock-ups").ends


@given(st.text(alphabet="abcdehlmnoprst ", min_size=1, max_size=20), st.floats(0, 1), st.floats(0.05, 0.95))
def test_the_short_way_agrees(text: str, confidence: float, least: float) -> None:
    """With a least chance the answer is the same where it is reached, and 0 or the same below; `needed` never asks for too much."""
    if not text.split():
        return
    said, meant = heard(text, confidence), phrase("Salesforce")
    full, short = chance(said, meant), chance(said, meant, least)
    assert short == pytest.approx(full) or (short == 0 and full < least + 1e-9)
    assert needed(confidence, said.english, said.weight, -50.0) <= needed(confidence, said.english, said.weight, 0.0)


def test_a_long_row_of_marks_holds_nobody_up() -> None:
    """Marks before a letter are looked at once; only those at the end close anything."""
    said = word("?" * 400_000 + "parley's!")
    assert (said.bare, said.parts, said.ends, word("!" * 400_000 + "x").ends) == ("parley", ("parley",), True, False)
