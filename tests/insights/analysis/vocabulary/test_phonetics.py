"""Phonetic similarity of words."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insights.analysis.vocabulary.phonetics import (
    _CHEAPEST,
    _LOST,
    _SAVED,
    _SIGNS,
    _SWAP,
    at_most,
    coarse,
    likeness,
    skeleton,
    sound,
    weight,
)

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [("knight", "night"), ("phone", "fone"), ("wright", "right"), ("sea", "see"), ("cat", "kat"), ("quick", "kwik"), ("weight", "wait")],
)
def test_the_same_sound(one: str, other: str) -> None:
    """Words that sound alike have the same consonants and a high similarity, in any spelling."""
    assert skeleton(sound(one)) == skeleton(sound(other))
    assert likeness(sound(one), sound(other)) > 0.85


@pytest.mark.parametrize(("near", "far"), [("barley", "harvest"), ("carly", "cardigan"), ("parlay", "payroll")])
def test_nearer_sounds_are_more_alike(near: str, far: str) -> None:
    """A word with one soft substitution is more similar to 'Parley' than one with the same beginning."""
    assert likeness(sound("parley"), sound(near)) > likeness(sound("parley"), sound(far))


def test_skeleton_and_coarse_form() -> None:
    """The skeleton has the classes of consonants, and the coarse form a sign for each sound."""
    assert skeleton(sound("parley")) == "PRL"
    assert skeleton(sound("kubernetes")) == "KPRNTS"
    assert coarse("kubernetes") == "kaparnatas"


@given(WORDS, WORDS)
def test_likeness_is_a_share(one: str, other: str) -> None:
    """Similarity is in 0..1, symmetric, and 1 for equal words."""
    alike = likeness(sound(one), sound(other))
    assert 0 <= alike <= 1
    assert alike == pytest.approx(likeness(sound(other), sound(one)))
    assert likeness(sound(one), sound(one)) == 1


@given(WORDS, WORDS, st.floats(0.3, 0.99))
@example("w", "av", 0.375)
@example("gv", "w", 0.3)
@example("wuq", "vugoqzf", 1 / 3)
def test_the_quick_bound_is_never_too_low(one: str, other: str, least: float) -> None:
    """at_most is 0 only if the similarity is below the minimum, and else an upper bound."""
    first, second = sound(one), sound(other)
    light, heavy = sorted((weight(first), weight(second)))
    bound = at_most(first, second, light, heavy, least)
    alike = likeness(first, second)
    assert bound >= alike - 1e-9 or (bound == 0 and alike < least + 1e-9)


def test_signs_that_cost_less_than_their_weights_differ() -> None:
    """Only v and w do, and the bound handles them; every other difference of the coarse form costs its weight."""
    cheap = {
        (one, other): abs(weight(one) - weight(other)) - _SWAP[one + other]
        for one in _SIGNS
        for other in _SIGNS
        if one < other and abs(weight(one) - weight(other)) > _SWAP[one + other] + 1e-9
    }
    assert cheap == {("v", "w"): pytest.approx(_SAVED)}
    assert min(_SWAP[one + other] for one in _SIGNS for other in _SIGNS if coarse(one) != coarse(other)) >= _CHEAPEST
    assert min(_LOST.values()) >= _CHEAPEST
