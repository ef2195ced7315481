"""Due dates in office phrases: end of day, within the hour, first thing, parts of days, periods."""

from datetime import UTC, datetime

import pytest

from insights.analysis.acts.commitments import commitment
from insights.analysis.entities import extract

Moment = tuple[datetime, int]

WEDNESDAY: Moment = (datetime(2026, 11, 18, 10, 30, tzinfo=UTC), 0)
AFTERNOON: Moment = (datetime(2026, 11, 18, 15, 30, tzinfo=UTC), 0)
EVENING: Moment = (datetime(2026, 11, 18, 18, 40, tzinfo=UTC), 0)
FRIDAY: Moment = (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), 0)
SATURDAY: Moment = (datetime(2026, 11, 21, 11, 0, tzinfo=UTC), 0)
THE_20TH: Moment = (datetime(2026, 10, 20, 9, 0, tzinfo=UTC), 0)
NEW_YEARS_EVE: Moment = (datetime(2026, 12, 31, 9, 0, tzinfo=UTC), 0)
NEW_YEAR_IN_TOKYO: Moment = (datetime(2026, 12, 31, 20, 0, tzinfo=UTC), 540)


def _due(text: str, moment: Moment) -> str:
    found = commitment(text, extract(text, *moment), *moment).due
    return found.isoformat().removesuffix("+00:00") if found else ""


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("I'll send it within the hour.", WEDNESDAY, "2026-11-18T11:30:00"),
        ("I'll get back to you within the next hour.", WEDNESDAY, "2026-11-18T11:30:00"),
        ("We will have a fix in the next hour.", WEDNESDAY, "2026-11-18T11:30:00"),
        ("I'll call you in an hour and a half.", WEDNESDAY, "2026-11-18T12:00:00"),
        ("I'll call you in two hours and a half.", WEDNESDAY, "2026-11-18T13:00:00"),
        ("Call me in a quarter of an hour.", WEDNESDAY, "2026-11-18T10:45:00"),
        ("I'll be there in three quarters of an hour.", WEDNESDAY, "2026-11-18T11:15:00"),
        ("I'll call you in half an hour.", WEDNESDAY, "2026-11-18T11:00:00"),
        ("Please answer within the week.", WEDNESDAY, "2026-11-20T23:59:59"),
        ("Please answer within the day.", WEDNESDAY, "2026-11-18T23:59:59"),
        ("They answered within the hour.", WEDNESDAY, ""),
        ("They answered within the week.", WEDNESDAY, ""),
    ],
)
def test_within(text: str, moment: Moment, due: str) -> None:
    """A duration as a deadline ends at a moment."""
    assert _due(text, moment) == due


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("Let's meet at nine.", WEDNESDAY, "2026-11-19T09:00:00"),
        ("I will send it by ten.", WEDNESDAY, "2026-11-19T10:00:00"),
        ("Call me at 9:15.", WEDNESDAY, "2026-11-19T09:15:00"),
        ("Let's start at half past eight.", AFTERNOON, "2026-11-19T08:30:00"),
        ("Let's start at eleven.", WEDNESDAY, "2026-11-18T11:00:00"),
        ("I will be done by seven.", AFTERNOON, "2026-11-18T19:00:00"),
        ("I will send it by nine.", EVENING, "2026-11-18T21:00:00"),
        ("Let's have dinner at eight.", WEDNESDAY, "2026-11-18T20:00:00"),
        ("I'll book a table for dinner tomorrow at eight.", WEDNESDAY, "2026-11-19T20:00:00"),
        ("Let's meet at nine tonight.", WEDNESDAY, "2026-11-18T21:00:00"),
        ("I'll call you at half past two.", WEDNESDAY, "2026-11-18T14:30:00"),
        ("I'll call you at half two.", WEDNESDAY, "2026-11-18T14:30:00"),
        ("Let's meet at noon.", WEDNESDAY, "2026-11-18T12:00:00"),
        ("Let's meet at noon.", AFTERNOON, "2026-11-19T12:00:00"),
        ("I'll do it at three.", AFTERNOON, "2026-11-19T15:00:00"),
    ],
)
def test_hours(text: str, moment: Moment, due: str) -> None:
    """A past hour is tomorrow's, in the evening tonight's; dinner is in the evening."""
    assert _due(text, moment) == due


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("I'll finish it by end of day.", WEDNESDAY, "2026-11-18T17:00:00"),
        ("Send it EOD.", WEDNESDAY, "2026-11-18T17:00:00"),
        ("Send it by EOD Friday.", WEDNESDAY, "2026-11-20T17:00:00"),
        ("I'll finish it by end of day.", EVENING, "2026-11-18T23:59:59"),
        ("I'll finish it by the end of the day.", EVENING, "2026-11-18T23:59:59"),
        ("I'll have it by close of business.", EVENING, "2026-11-19T17:00:00"),
        ("I'll have it by close of business.", SATURDAY, "2026-11-23T17:00:00"),
        ("I'll have it by close of business Tuesday.", WEDNESDAY, "2026-11-24T17:00:00"),
        ("I'll do it first thing tomorrow.", WEDNESDAY, "2026-11-19T09:00:00"),
        ("First thing tomorrow I will call them.", NEW_YEARS_EVE, "2027-01-01T09:00:00"),
        ("I'll do it first thing in the morning.", EVENING, "2026-11-19T09:00:00"),
        ("I'll do it first thing on Monday.", FRIDAY, "2026-11-23T09:00:00"),
        ("I'll do it first thing Monday morning.", FRIDAY, "2026-11-23T09:00:00"),
        ("I'll do it first thing next week.", FRIDAY, "2026-11-23T09:00:00"),
        ("I will send it this afternoon.", WEDNESDAY, "2026-11-18T15:00:00"),
        ("I will send it this afternoon.", AFTERNOON, "2026-11-18T18:00:00"),
        ("I will send it this morning.", WEDNESDAY, "2026-11-18T12:00:00"),
        ("I sent it this morning.", WEDNESDAY, ""),
        ("By tonight you will have it.", EVENING, "2026-11-18T21:00:00"),
    ],
)
def test_parts_of_days(text: str, moment: Moment, due: str) -> None:
    """Deadlines are the end or the beginning of a day, or the rest of a part that has begun."""
    assert _due(text, moment) == due


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("I'll do it next Friday.", FRIDAY, "2026-11-27T23:59:59"),
        ("I'll do it by Friday.", FRIDAY, "2026-11-27T23:59:59"),
        ("I'll do it this Friday.", FRIDAY, "2026-11-20T23:59:59"),
        ("I'll send it in two weeks.", NEW_YEARS_EVE, "2027-01-14T23:59:59"),
        ("I'll send it in a fortnight.", WEDNESDAY, "2026-12-02T23:59:59"),
        ("I'll send it a fortnight from today.", WEDNESDAY, "2026-12-02T23:59:59"),
        ("I'll send it a week on Tuesday.", WEDNESDAY, "2026-12-01T23:59:59"),
        ("I'll do it the week after next.", NEW_YEARS_EVE, "2027-01-15T23:59:59"),
        ("Let's meet the Friday after next.", WEDNESDAY, "2026-12-04T23:59:59"),
        ("I'll do it on the 3rd.", THE_20TH, "2026-11-03T23:59:59"),
        ("I'll do it by the third.", NEW_YEARS_EVE, "2027-01-03T23:59:59"),
        ("I'll do it by the 3rd of the month.", THE_20TH, "2026-11-03T23:59:59"),
        ("I'll do it by the 3rd of next month.", WEDNESDAY, "2026-12-03T23:59:59"),
        ("We must ship by the end of Q1.", WEDNESDAY, "2027-03-31T23:59:59"),
        ("We must ship before the end of Q4.", WEDNESDAY, "2026-12-31T23:59:59"),
        ("We must ship at the beginning of Q1.", WEDNESDAY, "2027-01-01T23:59:59"),
        ("We must ship by the end of the first quarter of next year.", WEDNESDAY, "2027-03-31T23:59:59"),
        ("We must close the books by year end.", WEDNESDAY, "2026-12-31T23:59:59"),
        ("I'll have it by month-end.", WEDNESDAY, "2026-11-30T23:59:59"),
        ("I'll do it by the end of the week.", SATURDAY, "2026-11-22T23:59:59"),
        ("I'll do it this week.", SATURDAY, "2026-11-22T23:59:59"),
        ("I'll do it tomorrow.", NEW_YEAR_IN_TOKYO, "2027-01-02T23:59:59+09:00"),
        ("I'll do it by the end of the month.", NEW_YEAR_IN_TOKYO, "2027-01-31T23:59:59+09:00"),
    ],
)
def test_days_and_periods(text: str, moment: Moment, due: str) -> None:
    """The deadline is the last second of the day, or of the period's last day."""
    assert _due(text, moment) == due


@pytest.mark.parametrize(
    "text",
    [
        "The first thing we do is call them.",
        "That was the first thing tomorrow's team will ask.",
        "We get fifty calls within an hour of the launch email.",
        "The year-end report will be long.",
        "She paid half one price.",
        "We sell them at half nine euros.",
    ],
)
def test_no_time(text: str) -> None:
    """Similar phrases without a time give no due date."""
    times = [entity for entity in extract(text, *WEDNESDAY) if "datetime" in entity.value]
    assert times == []
