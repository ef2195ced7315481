"""Calendar arithmetic."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.dates import calendar

NOW = datetime(2026, 11, 18, 10, 30)


@pytest.mark.parametrize(
    ("number", "which", "past", "wanted"),
    [
        (4, "", False, date(2026, 11, 20)),
        (2, "", False, date(2026, 11, 25)),
        (4, "this", False, date(2026, 11, 20)),
        (4, "next", False, date(2026, 11, 27)),
        (0, "", True, date(2026, 11, 16)),
        (2, "last", False, date(2026, 11, 11)),
    ],
)
def test_weekdays(number: int, which: str, past: bool, wanted: date) -> None:
    """A weekday is the next one, in the past tense the last one; 'next' is that of next week."""
    assert calendar.weekday(NOW, number, which, past).start.date() == wanted


def test_a_leap_day_waits_for_its_year() -> None:
    """February 29 without a year is the next one that exists."""
    found = calendar.month_day(NOW, 2, 29, None, past=False)
    assert found is not None
    assert found.start.date() == date(2028, 2, 29)


def test_no_such_day() -> None:
    """February 30 gives no date."""
    assert calendar.month_day(NOW, 2, 30, None, past=False) is None


@pytest.mark.parametrize(
    ("unit", "step", "first", "after"),
    [
        ("week", 1, date(2026, 11, 23), date(2026, 11, 30)),
        ("weekend", 0, date(2026, 11, 21), date(2026, 11, 23)),
        ("month", 2, date(2027, 1, 1), date(2027, 2, 1)),
        ("quarter", 1, date(2027, 1, 1), date(2027, 4, 1)),
        ("year", -1, date(2025, 1, 1), date(2026, 1, 1)),
    ],
)
def test_periods(unit: str, step: int, first: date, after: date) -> None:
    """A period begins on its first day and ends before the next one, also at the turn of the year."""
    found = calendar.period(NOW, unit, step)
    assert (found.start.date(), found.end.date()) == (first, after)


def test_the_end_of_a_week_is_its_friday() -> None:
    """A business week ends on Friday, and a month on its last day."""
    assert calendar.edge(calendar.period(NOW, "week", 0), "end").start.date() == date(2026, 11, 20)
    assert calendar.edge(calendar.period(NOW, "month", 0), "end").start.date() == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("hour", "half", "past", "wanted"),
    [
        (5, "", False, datetime(2026, 11, 18, 17)),
        (11, "", False, datetime(2026, 11, 18, 11)),
        (9, "", False, datetime(2026, 11, 19, 9)),
        (7, "", False, datetime(2026, 11, 18, 19)),
        (9, "am", False, datetime(2026, 11, 19, 9)),
        (12, "am", False, datetime(2026, 11, 19, 0)),
        (9, "", True, datetime(2026, 11, 18, 9)),
        (11, "", True, datetime(2026, 11, 17, 11)),
    ],
)
def test_hours_are_the_nearest(hour: int, half: str, past: bool, wanted: datetime) -> None:
    """Working hours decide without am or pm; a past hour is tonight's or tomorrow's, in the past tense the past one."""
    found = calendar.hour_of_day(hour, 0, half)
    assert found is not None
    assert calendar.nearest(NOW, found, bool(half), past).start == wanted


def test_an_hour_said_in_the_evening_is_tonight() -> None:
    """'Nine' said at 18:00 is 21:00 of the same day."""
    assert calendar.nearest(NOW.replace(hour=18), time(9), False, False).start == datetime(2026, 11, 18, 21)


@pytest.mark.parametrize(
    ("hour", "part", "past", "wanted"),
    [
        (10, "afternoon", False, time(15)),
        (16, "afternoon", False, time(18)),
        (16, "afternoon", True, time(15)),
        (20, "afternoon", False, time(15)),
        (22, "night", False, time(23, 59, 59)),
    ],
)
def test_the_rest_of_a_part_of_the_day(hour: int, part: str, past: bool, wanted: time) -> None:
    """It is the usual hour, else the end of the part; after the part and in the past tense it is the usual hour."""
    assert calendar.part_of_today(NOW.replace(hour=hour), part, past).start == datetime.combine(NOW.date(), wanted)


def test_hours_that_do_not_exist() -> None:
    """25 o'clock gives no time."""
    assert calendar.hour_of_day(25, 0, "") is None


@pytest.mark.parametrize(("hour", "part", "wanted"), [(9, "evening", 21), (18, "morning", 6), (15, "afternoon", 15), (9, "", 9)])
def test_hours_fit_their_part_of_the_day(hour: int, part: str, wanted: int) -> None:
    """Nine in the evening is 21:00."""
    assert calendar.within(time(hour), part) == time(wanted)


@pytest.mark.parametrize(
    ("number", "weekday", "wanted"),
    [(1, 4, date(2026, 11, 6)), (-1, 4, date(2026, 11, 27)), (-1, None, date(2026, 11, 30)), (3, None, date(2026, 11, 3)), (5, 1, None)],
)
def test_the_nth_day_of_a_month(number: int, weekday: int | None, wanted: date | None) -> None:
    """The first Friday and the last day exist; a fifth Tuesday may not."""
    found = calendar.nth(calendar.period(NOW, "month", 0), number, weekday)
    assert (found.start.date() if found else None) == wanted


@pytest.mark.parametrize(
    ("on", "count", "unit", "wanted"),
    [
        (date(2026, 1, 31), 1, "month", date(2026, 2, 28)),
        (date(2028, 2, 29), -4, "year", date(2024, 2, 29)),
        (date(2026, 12, 31), 2, "week", date(2027, 1, 14)),
        (date(2026, 11, 20), 1, "business day", date(2026, 11, 23)),
        (date(2026, 11, 18), 7, "working day", date(2026, 11, 27)),
        (date(2026, 11, 23), -1, "business day", date(2026, 11, 20)),
        (date(9999, 12, 31), 1, "day", None),
    ],
)
def test_days_at_a_distance(on: date, count: int, unit: str, wanted: date | None) -> None:
    """Months keep the day of the month or take their last, business days skip weekends, and the calendar ends."""
    assert calendar.later(on, count, unit) == wanted


@pytest.mark.parametrize(
    ("number", "past", "wanted"), [(3, False, date(2027, 7, 1)), (3, True, date(2026, 7, 1)), (4, True, date(2026, 10, 1))]
)
def test_quarters_without_a_year(number: int, past: bool, wanted: date) -> None:
    """A quarter is the current or next one, in the past tense the current or last one."""
    assert calendar.quarter(NOW, number, None, past).start.date() == wanted


@given(st.integers(1, 31), st.booleans(), st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_a_day_of_the_month_is_near(number: int, past: bool, now: datetime) -> None:
    """'the 15th' is within three months, before or after by the tense."""
    found = calendar.day_of_month(now, number, past)
    assert found is not None
    away = (found.start.date() - now.date()).days
    assert found.start.day == number
    assert found.start.time() == time()
    assert -93 < away <= 0 if past else 0 <= away < 93
