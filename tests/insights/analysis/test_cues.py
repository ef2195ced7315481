"""Cues are seen where they are and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import cues


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("So what do you think?", "wh_inverted"),
        ("did they accept the offer", "aux_first"),
        ("that is the final price, isn't it", "tag_inverted"),
        ("I was wondering whether it works", "indirect_question"),
        ("I’ll send it", "promise_first"),
        ("could you send it", "ask_first"),
        ("Tina has to sign it", "third_will"),
        ("by the end of the day", "by_when"),
        ("I'll circle back with them", "contact_promise"),
        ("our last check-in was short", "contact_noun"),
        ("let's set up another call", "set_meeting"),
    ],
)
def test_seen(text: str, cue: str) -> None:
    """Each sign is recognised, also with typographic apostrophes and without punctuation."""
    assert cue in {cues.NAMES[number] for number in cues.found(text)}


def test_not_seen() -> None:
    """A plain statement shows none."""
    assert cues.found("The box is heavy") == ()


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Never raises; numbers are in order and in range."""
    found = cues.found(text)
    assert list(found) == sorted(set(found))
    assert all(0 <= number < len(cues.NAMES) for number in found)
