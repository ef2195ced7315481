"""Cues of the rules."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts import rule_features


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("So what do you think?", "wh_inverted"),
        ("Great, how long does it take", "wh_clause"),
        ("The tiles are here, is the plumber coming", "aux_clause"),
        ("The date, the place, and who speaks first", "wh_listed"),
        ("could you please tell me more about it", "ask_to_know"),
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
def test_detected(text: str, cue: str) -> None:
    """Each cue is detected, also with typographic apostrophes and without punctuation."""
    assert cue in {rule_features.NAMES[number] for number in rule_features.found(text)}


def test_not_detected() -> None:
    """A plain statement has no cue."""
    assert rule_features.found("The box is heavy") == ()


def test_repeated_introductions_take_linear_time() -> None:
    """The patterns do not backtrack: a thousand characters of introductions take milliseconds."""
    began = process_time()
    for text in ("and " * 250, "so, good, " * 100, ", tell me" * 120):
        rule_features.found(text)
    assert process_time() - began < 0.5


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """No text raises an error, and ids are in order and in range."""
    found = rule_features.found(text)
    assert list(found) == sorted(set(found))
    assert all(0 <= number < len(rule_features.NAMES) for number in found)
