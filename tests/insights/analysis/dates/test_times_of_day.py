"""Times of day, before they are combined with days."""

import re
from datetime import datetime

import pytest

from insights.analysis.dates.times_of_day import times

NOW = datetime(2026, 11, 18, 7, 0)


def _found(text: str) -> list[tuple[str, str]]:
    words = frozenset(re.findall(r"[\w']+", text))
    return [(text[span.start : span.end], span.moment.start.strftime("%H:%M")) for span in times(text, words, NOW)]


@pytest.mark.parametrize(
    ("text", "span", "clock"),
    [
        ("at 4 pm", "4 pm", "16:00"),
        ("8:05 a.m.", "8:05 a.m.", "08:05"),
        ("four thirty pm", "four thirty pm", "16:30"),
        ("half past nine", "half past nine", "09:30"),
        ("ten to twelve", "ten to twelve", "11:50"),
        ("six in the evening", "six in the evening", "18:00"),
        ("until five, please", "five", "17:00"),
        ("midnight", "midnight", "00:00"),
        ("16:30", "16:30", "16:30"),
    ],
)
def test_read(text: str, span: str, clock: str) -> None:
    """A time has its text and its 24-hour value."""
    assert (span, clock) in _found(text)


@pytest.mark.parametrize("text", ["four people", "about five percent of it", "3.5 metres", "at ten euros each", "one of us", "12:99"])
def test_other_numbers(text: str) -> None:
    """Other numbers are no times."""
    assert _found(text) == []
