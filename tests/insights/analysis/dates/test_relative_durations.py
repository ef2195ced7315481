"""Durations relative to the time of speech."""

from datetime import UTC, datetime

import pytest

from insights.analysis.dates.relative_durations import pointed
from insights.analysis.types import FoundEntity

NOW = datetime(2026, 1, 30, 22, 0, tzinfo=UTC)


def _pointed(low: str, span: str, seconds: float, offset: int = 0) -> str:
    found = pointed(low, FoundEntity("duration", span, low.index(span), {"seconds": seconds}), NOW, offset)
    assert (found.text, found.value["seconds"]) == (span, seconds)
    return str(found.value.get("datetime", ""))


@pytest.mark.parametrize(
    ("low", "span", "seconds", "when"),
    [
        ("in two days", "two days", 172_800, "2026-02-01"),
        ("within the next two days", "two days", 172_800, "2026-02-01"),
        ("in a month", "a month", 2_629_800, "2026-02-28"),
        ("two quarters from now", "two quarters", 15_778_800, "2026-07-30"),
        ("in about five business days", "five business days", 432_000, "2026-02-06"),
        ("three hours ago", "three hours", 10_800, "2026-01-30T19:00:00+00:00"),
        ("half a year ago", "half a year", 15_778_800, "2025-07-30"),
        ("a decade ago", "a decade", 315_576_000, "2016-01-30"),
    ],
)
def test_when(low: str, span: str, seconds: float, when: str) -> None:
    """Days and longer give a day, hours give a time."""
    assert _pointed(low, span, seconds) == when


@pytest.mark.parametrize(
    "low", ["it took two days", "they closed it in two days", "for two days", "two days of work", "in two days of work", "two days later"]
)
def test_absolute_durations(low: str) -> None:
    """A plain duration gives no date."""
    assert _pointed(low, "two days", 172_800) == ""


def test_the_day_is_that_of_the_conversation() -> None:
    """The day is in the conversation's timezone: 22:00 UTC is tomorrow in Cairo."""
    assert _pointed("in two days", "two days", 172_800, 120) == "2026-02-02"


def test_beyond_the_calendar() -> None:
    """A duration beyond the calendar gives no date."""
    assert _pointed("in nine thousand years", "nine thousand years", 9000 * 31_557_600.0) == ""
    assert _pointed("one hundred years ago", "one hundred years", 100 * 31_557_600.0) == "1926-01-30"
