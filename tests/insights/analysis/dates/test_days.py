"""Days and periods, before they are combined with times."""

from datetime import date, datetime

import pytest

from insights.analysis.dates.days import DateSpan, days

NOW = datetime(2026, 11, 18, 10, 30)


def _longest(text: str, past: bool = False) -> DateSpan:
    return max(days(text, frozenset(text.split()), NOW, past), key=lambda span: span.end - span.start)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("this summer", date(2027, 6, 1)),
        ("last year", date(2025, 1, 1)),
        ("this quarter", date(2026, 10, 1)),
        ("the third quarter", date(2027, 7, 1)),
        ("q1 2027", date(2027, 1, 1)),
        ("in march", date(2027, 3, 1)),
        ("in march 2028", date(2028, 3, 1)),
        ("the coming weekend", date(2026, 11, 21)),
        ("next weekend", date(2026, 11, 28)),
        ("since nineteen ninety four", date(1994, 1, 1)),
        ("in the late eighties", date(1980, 1, 1)),
        ("the 3rd of next month", date(2026, 12, 3)),
        ("the 3rd of the month", date(2026, 12, 3)),
        ("a week on tuesday", date(2026, 12, 1)),
        ("the friday after next", date(2026, 12, 4)),
        ("new year's eve", date(2026, 12, 31)),
    ],
)
def test_first_day(text: str, first: date) -> None:
    """The first day of a day or period."""
    assert _longest(text).moment.start.date() == first


@pytest.mark.parametrize(
    "text",
    [
        "few changes within the day-to-day operations",
        "within the day to day business",
        "it is within the quarter-end report",
        "within the month end team",
        "the third of the month-end calls",
    ],
)
def test_words_of_time_with_another_meaning(text: str) -> None:
    """They name no day; 'to day' alone may be a split 'today'."""
    found = days(text, frozenset(text.replace("-", " ").split()), NOW, False)
    assert {text[span.start : span.end] for span in found} <= {"to day"}


@pytest.mark.parametrize("text", ["four days a week on monday", "an hour a week on monday"])
def test_frequencies_are_no_distances(text: str) -> None:
    """In a frequency only the day counts."""
    assert _longest(text).moment.start.date() == date(2026, 11, 23)


def test_the_past_tense_gives_past_dates() -> None:
    """In the past tense a date is the nearest past one."""
    assert _longest("on march 3rd", past=True).moment.start.date() == date(2026, 3, 3)
    assert _longest("in spring we", past=True).moment.start.date() == date(2026, 3, 1)


def test_messages_without_a_trigger_are_not_searched() -> None:
    """A message without a word of time or a digit gives no day."""
    assert list(days("we like the plan", frozenset(["we", "like", "the", "plan"]), NOW, False)) == []
