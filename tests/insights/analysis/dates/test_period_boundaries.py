"""Ends and beginnings of days and periods, before they are combined with times."""

from datetime import datetime

import pytest

from insights.analysis.dates.period_boundaries import ends

WEDNESDAY = datetime(2026, 11, 18, 10, 30)
EVENING = datetime(2026, 11, 18, 18, 40)
SATURDAY = datetime(2026, 11, 21, 11, 0)


def _found(text: str, now: datetime, past: bool = False) -> list[tuple[str, str]]:
    words = frozenset(text.replace("-", " ").split())
    return [(text[span.start : span.end], span.moment.start.isoformat(" ")[:16]) for span in ends(text, words, now, past)]


@pytest.mark.parametrize(
    ("text", "now", "span", "first"),
    [
        ("the beginning of next year", WEDNESDAY, "the beginning of next year", "2027-01-01 00:00"),
        ("the middle of december", WEDNESDAY, "the middle of december", "2026-12-16 00:00"),
        ("by the end of 2027", WEDNESDAY, "the end of 2027", "2027-12-31 00:00"),
        ("the end of q1", WEDNESDAY, "the end of q1", "2027-03-31 00:00"),
        ("the start of the third quarter of next year", WEDNESDAY, "the start of the third quarter of next year", "2027-07-01 00:00"),
        ("by year-end", WEDNESDAY, "year-end", "2026-12-31 00:00"),
        ("the end of the week", WEDNESDAY, "the end of the week", "2026-11-20 00:00"),
        ("the end of the week", SATURDAY, "the end of the week", "2026-11-22 00:00"),
        ("the end of the day", WEDNESDAY, "the end of the day", "2026-11-18 17:00"),
        ("the end of the day", EVENING, "the end of the day", "2026-11-18 23:59"),
        ("eod thu", EVENING, "eod thu", "2026-11-19 17:00"),
        ("eod", EVENING, "eod", "2026-11-18 23:59"),
        ("cob", EVENING, "cob", "2026-11-19 17:00"),
        ("cob", SATURDAY, "cob", "2026-11-23 17:00"),
        ("cob today", EVENING, "cob today", "2026-11-18 23:59"),
        ("first thing in the morning", WEDNESDAY, "first thing in the morning", "2026-11-19 09:00"),
        ("tomorrow first thing", WEDNESDAY, "tomorrow first thing", "2026-11-19 09:00"),
    ],
)
def test_boundaries(text: str, now: datetime, span: str, first: str) -> None:
    """Each has its text and its start."""
    assert _found(text, now) == [(span, first)]


def test_the_past_tense_gives_the_hour_itself() -> None:
    """'It was there at close of business' is about 17:00, at any time of speech."""
    assert _found("cob", EVENING, past=True) == [("cob", "2026-11-18 17:00")]


@pytest.mark.parametrize(
    "text", ["the first thing tomorrow's team sees", "at the end of the day it is a remote", "the year-end report", "in the end"]
)
def test_figures_of_speech(text: str) -> None:
    """Similar phrases without a time give none."""
    assert _found(text, WEDNESDAY) == []
