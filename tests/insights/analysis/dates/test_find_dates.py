"""Dates and times in messages, relative to the time of speech (a Wednesday, 10:30 UTC)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.dates.find_dates import find
from tests.insights.analysis.talk import NOW


def _found(text: str, offset: int = 0) -> list[tuple[str, str, dict[str, str]]]:
    low = text.lower()
    return [(text[entity.offset : entity.end], entity.type, entity.value) for entity in find(low, NOW, offset)]


@pytest.mark.parametrize(
    ("text", "span", "kind", "value"),
    [
        ("I will do it tomorrow.", "tomorrow", "date", "2026-11-19"),
        ("the day after tomorrow works", "the day after tomorrow", "date", "2026-11-20"),
        ("tomorrow morning please", "tomorrow morning", "datetime", "2026-11-19T09:00:00+00:00"),
        ("we do it tonight", "tonight", "time", "2026-11-18T21:00:00+00:00"),
        ("due on Friday", "Friday", "date", "2026-11-20"),
        ("next Tuesday at half past four", "next Tuesday at half past four", "datetime", "2026-11-24T16:30:00+00:00"),
        ("Thursday at 4 pm.", "Thursday at 4 pm", "datetime", "2026-11-19T16:00:00+00:00"),
        ("at 4:30 p.m. on Thursday", "4:30 p.m. on Thursday", "datetime", "2026-11-19T16:30:00+00:00"),
        ("twelve thirty pm", "twelve thirty pm", "time", "2026-11-18T12:30:00+00:00"),
        ("a quarter to twelve", "a quarter to twelve", "time", "2026-11-18T11:45:00+00:00"),
        ("eight o'clock in the evening", "eight o'clock in the evening", "time", "2026-11-18T20:00:00+00:00"),
        ("Give me until five, please", "five", "time", "2026-11-18T17:00:00+00:00"),
        ("the train leaves at 18:05", "18:05", "time", "2026-11-18T18:05:00+00:00"),
        ("let's say noon", "noon", "time", "2026-11-18T12:00:00+00:00"),
        ("on the 3rd of March", "the 3rd of March", "date", "2027-03-03"),
        ("by march thirty first", "march thirty first", "date", "2027-03-31"),
        ("on December 12th, 2024", "December 12th, 2024", "date", "2024-12-12"),
        ("on the third of march twenty twenty seven", "the third of march twenty twenty seven", "date", "2027-03-03"),
        ("May is away until the 15th.", "the 15th", "date", "2026-12-15"),
        ("by the twentieth.", "the twentieth", "date", "2026-11-20"),
        ("on 2027-02-28", "2027-02-28", "date", "2027-02-28"),
        ("on 3/4/2027", "3/4/2027", "date", "2027-03-04"),
        ("am 28.02.2027", "28.02.2027", "date", "2027-02-28"),
        ("by the end of next month", "the end of next month", "date", "2026-12-31"),
        ("before the end of the week", "the end of the week", "date", "2026-11-20"),
        ("by close of business Friday", "close of business Friday", "datetime", "2026-11-20T17:00:00+00:00"),
        ("by EOD tomorrow", "EOD tomorrow", "datetime", "2026-11-19T17:00:00+00:00"),
        ("at Christmas", "Christmas", "date", "2026-12-25"),
        ("Friday next week", "Friday next week", "date", "2026-11-27"),
        ("next week on Tuesday", "next week on Tuesday", "date", "2026-11-24"),
        ("He fixed it on Monday.", "Monday", "date", "2026-11-16"),
    ],
)
def test_resolved(text: str, span: str, kind: str, value: str) -> None:
    """Each has its text, type and value."""
    assert _found(text) == [(span, kind, {"datetime": value})]


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [("from Monday to Wednesday", "2026-11-23", "2026-11-26"), ("between Thursday and Friday", "2026-11-19", "2026-11-21")],
)
def test_ranges(text: str, first: str, end: str) -> None:
    """'from ... to' is one range with an exclusive end."""
    assert [(kind, value) for _, kind, value in _found(text)] == [("daterange", {"start": first, "end": end})]


def test_periods_have_an_end() -> None:
    """A period is a date with the day after its last."""
    assert _found("we ship next week") == [("next week", "date", {"datetime": "2026-11-23", "end": "2026-11-30"})]


@pytest.mark.parametrize(
    "text",
    [
        "you may go",
        "march on",
        "the second one is better",
        "four to six people",
        "version 2.5",
        "it is 2026-02-30",
        "one of them",
        "We agreed",
        "sun and moon",
    ],
)
def test_not_dates(text: str) -> None:
    """Words that only look like dates are none."""
    assert _found(text) == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Our launch is planned for the 20th.", "2026-12-20"),
        ("Our launch is planned for the 20th, is the pricing page finished?", "2026-12-20"),
        ("Are all slides finished? The launch is on the 20th.", "2026-12-20"),
        ("We launched it on the 20th.", "2026-11-20"),
        ("It was launched on the 20th, is the pricing page finished?", "2026-11-20"),
        ("Is this the page you launched on the 20th?", "2026-11-20"),
    ],
)
def test_a_past_day_of_the_month_is_in_the_next_month(text: str, day: str) -> None:
    """On the 28th, 'the 20th' is next month's unless the message is in the past tense."""
    said_at = datetime(2026, 11, 28, 10, 30, tzinfo=UTC)
    assert [entity.value for entity in find(text.lower(), said_at, 0)] == [{"datetime": day}]


def test_the_conversations_timezone_counts() -> None:
    """'tonight' is in the conversation's timezone, also where the date differs."""
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    assert find("tomorrow", late, 120)[0].value == {"datetime": "2026-11-20"}
    assert find("tomorrow", late, -480)[0].value == {"datetime": "2026-11-19"}
    assert find("at noon", late, -480)[0].value == {"datetime": "2026-11-19T12:00:00-08:00"}


_TIMELY = st.sampled_from(
    [
        "next",
        "last",
        "this",
        "friday",
        "monday",
        "at 4 pm",
        "half past three",
        "the end of",
        "week",
        "month",
        "march",
        "3rd",
        "the first",
        "2026",
    ]
    + [
        "9999",
        "0000",
        "12/31/99",
        "noon",
        "until",
        "from",
        "to",
        "tomorrow",
        "year",
        "q3",
        "christmas",
        "quarter",
        "weekend",
        "eod",
        "spring",
    ]
)


@given(st.lists(_TIMELY, max_size=14).map(" ".join), st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30)), st.integers(-2000, 2000))
def test_any_words_at_any_time(text: str, at: datetime, offset: int) -> None:
    """No text raises an error, dates do not overlap, offsets point at the text, and explicit years are modern."""
    end = 0
    for entity in find(text, at.replace(tzinfo=UTC), offset):
        assert entity.offset >= end
        assert text[entity.offset : entity.end] == entity.text
        years = [datetime.fromisoformat(value).year for value in entity.value.values()]
        assert all(abs(year - at.year) <= 5 or 1900 <= year <= 2101 for year in years)
        end = entity.end
