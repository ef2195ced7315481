"""Talk time, silence, overlap and pace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analytics import Spoken, intersection, length, measure, union

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (float(pair[0]), float(pair[0] + pair[1]))), max_size=12
)


def seconds(of: list[tuple[float, float]]) -> set[int]:
    """Return the whole seconds that spans cover."""
    return {second for start, end in of for second in range(int(start), int(end))}


@given(spans, spans)
def test_union_and_intersection_are_those_of_sets(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> None:
    """Merged and common spans cover exactly the seconds that sets would say."""
    assert seconds(union(one)) == seconds(one)
    assert length(union(one)) == len(seconds(one))
    assert seconds(intersection(union(one), union(other))) == seconds(one) & seconds(other)


def test_figures() -> None:
    """Two speakers over ten seconds: five of talk, one of it shared, the rest silence."""
    figures = measure([Spoken("a", 0, 3, 9), Spoken("b", 2, 5, 3)], 10)
    assert (figures.total, figures.silence, figures.talk, figures.overlap) == (10, 5, 5, 1)
    a = figures.speakers["a"]
    assert (a.talk, a.listen, a.pace, a.overlaps) == (3, 2, 180, {"b": 1})


def test_own_speech_is_no_overlap() -> None:
    """Messages of one speaker that overlap count once."""
    figures = measure([Spoken("a", 0, 3, 1), Spoken("a", 1, 4, 1)], 0)
    assert (figures.total, figures.talk, figures.overlap) == (4, 4, 0)


def test_silence_alone() -> None:
    """A conversation without a word, or without a second, has figures too."""
    assert measure([], 5).silence == 5
    assert measure([], 0).total == 0
    assert measure([Spoken("a", 1, 1, 4)], 0).speakers["a"].pace == pytest.approx(0)
