"""The probability that words are a misrecognised phrase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.vocabulary.mishearing import Window, chance, needed, parts_of, phrase, signs, window, word


def words_of(text: str, confidence: float) -> Window:
    """Return consecutive words of equal confidence."""
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
    """Low confidence, non-English words and a closer sound raise the probability."""
    meant = phrase("Grafana")
    assert chance(words_of(*likelier), meant) > chance(words_of(*less_likely), meant)


def test_long_phrases_need_less_agreement() -> None:
    """The same share of agreement counts for more in a long phrase."""
    short, long = phrase("Okta"), phrase("Anneliese Weber")
    assert chance(words_of("okta", 0.8), short) < chance(words_of("anneliese weber", 0.8), long)


def test_features_are_in_the_order_of_the_weights() -> None:
    """The order is likeness, confidence, English, length, split, spelt."""
    alike, confidence, english, length, split, spelt = signs(words_of("sales force", 0.8), phrase("Salesforce"))
    assert (alike, confidence, english, split, spelt) == (1, 0.8, 1, 1, 1)
    assert length == pytest.approx(phrase("Salesforce").weight / 5)


def test_parts() -> None:
    """Words are split at hyphens and dots; case, kinds of apostrophes and possessives make no difference."""
    assert parts_of("Mock-ups, O’Rourke's e.g.") == ("mock", "ups", "orourke", "e", "g")


def test_punctuation_ends_a_candidate() -> None:
    """No phrase crosses a comma or a full stop; a hyphen inside a word ends nothing."""
    assert word("par,").ends
    assert word('done."').ends
    assert not word("mock-ups").ends


@given(st.text(alphabet="abcdehlmnoprst ", min_size=1, max_size=20), st.floats(0, 1), st.floats(0.05, 0.95))
def test_the_shortcut_agrees(text: str, confidence: float, least: float) -> None:
    """With a minimum the result is the same above it, and 0 or the same below; `needed` is never too high."""
    if not text.split():
        return
    said, meant = words_of(text, confidence), phrase("Salesforce")
    full, short = chance(said, meant), chance(said, meant, least)
    assert short == pytest.approx(full) or (short == 0 and full < least + 1e-9)
    assert needed(confidence, said.english, said.weight, -50.0) <= needed(confidence, said.english, said.weight, 0.0)


def test_a_long_row_of_marks_takes_linear_time() -> None:
    """Marks before a letter are scanned once; only those at the end close a phrase."""
    said = word("?" * 400_000 + "parley's!")
    assert (said.bare, said.parts, said.ends, word("!" * 400_000 + "x").ends) == ("parley", ("parley",), True, False)
