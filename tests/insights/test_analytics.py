"""Talk time, silence, overlap and pace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analytics import Spans, TimedMessage, measure

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12)
pieces = st.lists(
    st.builds(
        lambda speaker, start, length, words: TimedMessage(speaker, start, start + length, words),
        *(st.sampled_from("abcd"), st.integers(0, 300), st.one_of(st.integers(0, 9), st.just(7000)), st.integers(0, 9)),
    ),
    max_size=20,
)


def units(of: list[tuple[int, int]]) -> set[int]:
    """Return the whole numbers that spans cover."""
    return {unit for start, end in of for unit in range(start, end)}


@given(spans, spans)
def test_spans_are_sets(given_spans: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    """Adding, new parts and intersections of spans equal those of sets, and no two spans touch."""
    kept, before = Spans(), set[int]()
    for start, end in given_spans:
        assert units(kept.add(start, end)) == units([(start, end)]) - before
        before |= units([(start, end)])
        assert units(list(kept)) == before
        assert kept.length == len(before)
    assert all(one[1] < other[0] for one, other in zip(list(kept), list(kept)[1:], strict=False))
    for start, end in asked:
        assert units(kept.common(start, end)) == units([(start, end)]) & before


@given(pieces)
def test_figures_are_those_of_sets(spoken: list[TimedMessage]) -> None:
    """In any order of messages, the figures count the seconds in which no, one, several, or two given members speak."""
    own: dict[object, set[int]] = {}
    for piece in spoken:
        own.setdefault(piece.speaker, set()).update(range(int(piece.start), int(piece.end)))
    anybody = set().union(*own.values())
    several = {second for second in anybody if sum(second in seconds for seconds in own.values()) > 1}
    figures = measure(spoken, 10)
    total = max([10, *(piece.end for piece in spoken)])
    assert (figures.total, figures.silence, figures.talk, figures.overlap) == (total, total - len(anybody), len(anybody), len(several))
    assert list(figures.speakers) == list(own)
    for speaker, seconds in own.items():
        words = sum(piece.words for piece in spoken if piece.speaker == speaker)
        found = figures.speakers[speaker]
        assert (found.talk, found.listen) == (len(seconds), len(anybody - seconds))
        assert found.pace == pytest.approx(60 * words / len(seconds) if seconds else 0)
        shared = {other: len(seconds & theirs) for other, theirs in own.items() if other != speaker and seconds & theirs}
        assert list(found.overlaps.items()) == list(shared.items())


def test_figures() -> None:
    """Two speakers in ten seconds have five seconds of talk, one of overlap, and the rest of silence."""
    figures = measure([TimedMessage("a", 0, 3, 9), TimedMessage("b", 2, 5, 3)], 10)
    assert (figures.total, figures.silence, figures.talk, figures.overlap) == (10, 5, 5, 1)
    a = figures.speakers["a"]
    assert (a.talk, a.listen, a.pace, a.overlaps) == (3, 2, 180, {"b": 1})


def test_own_speech_is_no_overlap() -> None:
    """Overlapping messages of one speaker count once."""
    figures = measure([TimedMessage("a", 0, 3, 1), TimedMessage("a", 1, 4, 1)], 0)
    assert (figures.total, figures.talk, figures.overlap) == (4, 4, 0)


def test_empty_conversations_have_figures() -> None:
    """A conversation without messages or without duration has figures."""
    assert measure([], 5).silence == 5
    assert measure([], 0).total == 0
    assert measure([TimedMessage("a", 1, 1, 4)], 0).speakers["a"].pace == pytest.approx(0)
