"""Sentiment of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis import polarity


def test_direction() -> None:
    """Praise is positive, complaint negative, a fact about zero."""
    assert polarity("This is a great idea, I love it!") > 0.5
    assert polarity("That was a terrible, awful mistake.") < -0.5
    assert polarity("The meeting is in room four.") == 0.0


@given(st.text(max_size=100))
def test_range(text: str) -> None:
    """Sentiment is always in -1..1."""
    assert -1.0 <= polarity(text) <= 1.0


def test_only_the_first_emoji_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many emoji only the first ones count, and the words after them still count."""
    wall = polarity("😀😀😀😀😀 what a day")
    monkeypatch.setattr("insights.analysis.sentiment.MOST_EMOJI", 2)
    assert polarity("😀😀😀😀😀 what a day") == polarity("😀😀 what a day") < wall
    assert polarity("😀😀😀😀😀 é terrible") < polarity("😀😀😀😀😀")
