"""Sentences of a turn, with offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.text.sentences import sentences


@pytest.mark.parametrize(
    ("turn", "wanted"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("Dr. Smith met Mr. X at 4 p.m. on Monday. It cost $4,250.75.", ["Dr. Smith met Mr. X at 4 p.m. on Monday.", "It cost $4,250.75."]),
        ("We meet at 5 p.m. Bring the slides.", ["We meet at 5 p.m.", "Bring the slides."]),
        ("well I think so. and then we stop", ["well I think so.", "and then we stop"]),
        ("Wait... what?!", ["Wait...", "what?!"]),
        ("See https://example.org/a.b?c=d for more", ["See https://example.org/a.b?c=d for more"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("So did I. Then we left.", ["So did I.", "Then we left."]),
        ("", []),
        ("   ", []),
    ],
)
def test_cut(turn: str, wanted: list[str]) -> None:
    """Sentences end at marks, but not inside numbers, addresses, titles and abbreviations."""
    assert [sentence.text for sentence in sentences(turn)] == wanted


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.text("ab. ?!\n'\"I1", max_size=60))
def test_offsets_point_into_the_turn(turn: str) -> None:
    """Each sentence matches its offsets, in order, and only white space is lost."""
    found = sentences(turn)
    assert all(turn[one.start : one.end] == one.text for one in found)
    assert all(first.end <= second.start for first, second in zip(found, found[1:], strict=False))
    assert "".join("".join(one.text.split()) for one in found) == "".join(turn.split())


def test_a_long_row_of_marks_takes_linear_time() -> None:
    """Marks that end no sentence are scanned once."""
    turn = "!" * 400_000 + "x"
    assert [sentence.text for sentence in sentences(turn)] == [turn]
