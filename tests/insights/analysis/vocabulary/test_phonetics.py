"""How words sound."""

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
    """Words that sound alike have the same consonants and are very much alike, however they are spelt."""
    assert skeleton(sound(one)) == skeleton(sound(other))
    assert likeness(sound(one), sound(other)) > 0.85


@pytest.mark.parametrize(("near", "far"), [("barley", "harvest"), ("carly", "cardigan"), ("parlay", "payroll")])
def test_nearer_sounds_are_more_alike(near: str, far: str) -> None:
    """A word that is one soft change away is more like 'Parley' than one that shares its beginning."""
    assert likeness(sound("parley"), sound(near)) > likeness(sound("parley"), sound(far))


def test_skeleton_and_coarse_form() -> None:
    """The skeleton has places of consonants; the coarse form keeps a sign for each sound."""
    assert skeleton(sound("parley")) == "PRL"
    assert skeleton(sound("kubernetes")) == "KPRNTS"
    assert coarse("kubernetes") == "kaparnatas"


@given(WORDS, WORDS)
def test_likeness_is_a_share(one: str, other: str) -> None:
    """Between 0 and 1, the same both ways, and 1 for the same."""
    alike = likeness(sound(one), sound(other))
    assert 0 <= alike <= 1
    assert alike == pytest.approx(likeness(sound(other), sound(one)))
    assert likeness(sound(one), sound(one)) == 1


@given(WORDS, WORDS, st.floats(0.3, 0.99))
@example("w", "av", 0.375)
@example("gv", "w", 0.3)
@example("wuq", "vugoqzf", 1 / 3)
def test_the_quick_answer_never_says_less(one: str, other: str, least: float) -> None:
    """at_most is 0 only where the likeness is below what is wanted, else an upper bound of it."""
    first, second = sound(one), sound(other)
    light, heavy = sorted((weight(first), weight(second)))
    bound = at_most(first, second, light, heavy, least)
    alike = likeness(first, second)
    assert bound >= alike - 1e-9 or (bound == 0 and alike < least + 1e-9)


def test_signs_that_cost_less_than_their_weights_differ() -> None:
    """They are v and w alone, which the quick answer knows; what the coarse form tells apart costs as much as it counts for."""
    cheap = {
        (one, other): abs(weight(one) - weight(other)) - _SWAP[one + other]
        for one in _SIGNS
        for other in _SIGNS
        if one < other and abs(weight(one) - weight(other)) > _SWAP[one + other] + 1e-9
    }
    assert cheap == {("v", "w"): pytest.approx(_SAVED)}
    assert min(_SWAP[one + other] for one in _SIGNS for other in _SIGNS if coarse(one) != coarse(other)) >= _CHEAPEST
    assert min(_LOST.values()) >= _CHEAPEST
