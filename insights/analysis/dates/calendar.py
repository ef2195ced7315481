"""Calendar arithmetic: what 'next Tuesday', 'the 15th' or 'half past four' mean at a given time. Naive local times only; no text."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

When = Literal["date", "time", "datetime", "daterange"]

DAY = timedelta(days=1)
CLOSE_OF_BUSINESS = time(17, 0)
_LATE = time(20, 0)
"""From this time on, an hour without am or pm means the morning, unless it is already evening."""

PARTS = {
    "morning": time(9, 0),
    "noon": time(12, 0),
    "afternoon": time(15, 0),
    "evening": time(19, 0),
    "night": time(21, 0),
    "midnight": time(0, 0),
}
"""The hour that stands for a part of the day."""

_PART_ENDS = {"morning": time(12, 0), "afternoon": time(18, 0), "evening": time(22, 0), "night": time(23, 59, 59)}
"""When a part of the day ends."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, a range of days, or a time of day: [start, end) in local time.

    clock: whether a time of day was said; part: the part of the day that stands for it where no hour was said ("morning").
    """

    start: datetime
    end: datetime
    clock: bool = False
    part: str = ""

    @property
    def whole_days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days


def day(on: date) -> Moment:
    """Return one whole day."""
    start = datetime.combine(on, time())
    return Moment(start, start + DAY)


def days(first: date, after_last: date) -> Moment:
    """Return the days from first to the one before after_last."""
    return Moment(datetime.combine(first, time()), datetime.combine(after_last, time()))


def at(on: date, clock: time, part: str = "") -> Moment:
    """Return a time of day on a day; part: the part of the day whose usual hour it is."""
    start = datetime.combine(on, clock)
    return Moment(start, start, clock=True, part=part)


def part_of_today(now: datetime, part: str, past: bool) -> Moment:
    """Return the hour for a part of today; when it has passed and the talk is about the future, the end of the rest of it."""
    usual = at(now.date(), PARTS[part], part)
    end = at(now.date(), _PART_ENDS[part], part)
    return end if not past and usual.start < now <= end.start else usual


def weekday(now: datetime, number: int, which: str, past: bool) -> Moment:
    """Return a weekday (Monday = 0).

    Args:
        which: '' (the next one, or the last one in past talk), 'this' week, 'next' week, 'last' (before today).
    """
    today = now.date()
    ahead = (number - today.weekday()) % 7
    if which == "last" or (past and not which):
        return day(today - timedelta(days=(today.weekday() - number) % 7 or 7))
    if which == "next":
        return day(today - timedelta(days=today.weekday()) + timedelta(days=7 + number))
    if which == "this":
        return day(today + timedelta(days=ahead))
    return day(today + timedelta(days=ahead or 7))


def month_day(now: datetime, month: int, number: int, year: int | None, past: bool) -> Moment | None:
    """Return a day of a month; without a year the nearest future (in past talk: past) one. None when there is no such day."""
    today = now.date()
    years = (
        [year]
        if year
        else ([today.year, today.year - 1] if past else [today.year, today.year + 1, today.year + 2, today.year + 3, today.year + 4])
    )
    for candidate in years:
        on = _date(candidate, month, number)
        if on and (year or (on <= today if past else on >= today)):
            return day(on)
    return None


def day_of_month(now: datetime, number: int, past: bool) -> Moment | None:
    """Return 'the 15th': the next one, or the last one in past talk."""
    first = now.date().replace(day=1)
    for step in range(3):
        on = _date(*_month(first, -step if past else step), number)
        if on and (on <= now.date() if past else on >= now.date()):
            return day(on)
    return None


def month(now: datetime, number: int, year: int | None, which: str, past: bool) -> Moment | None:
    """Return a whole month; without a year the current or next one (the last one for 'last' or past talk)."""
    today = now.date()
    if year is None:
        year = today.year
        if which == "last" or past:
            year -= number > today.month or (which == "last" and number == today.month)
        else:
            year += number < today.month or (which == "next" and number == today.month)
    first = _date(year, number, 1)
    return days(first, date(*_month(first, 1), 1)) if first else None


def period(now: datetime, unit: str, step: int) -> Moment:
    """Return the current (0), next (1) or last (-1) day, week (from Monday), weekend, month, quarter or year."""
    today = now.date()
    if unit == "day":
        return day(today + step * DAY)
    if unit in {"week", "weekend"}:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * step)
        return (
            days(monday + timedelta(days=5), monday + timedelta(days=7)) if unit == "weekend" else days(monday, monday + timedelta(days=7))
        )
    if unit == "month":
        return days(date(*_month(today, step), 1), date(*_month(today, step + 1), 1))
    if unit == "quarter":
        first = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
        return days(date(*_month(first, 3 * step), 1), date(*_month(first, 3 * step + 3), 1))
    return days(date(today.year + step, 1, 1), date(today.year + step + 1, 1, 1))


def quarter(now: datetime, number: int, year: int | None, past: bool) -> Moment:
    """Return Q1..Q4; without a year the current or next one, in past talk the current or last one."""
    if year is None:
        running = (now.month - 1) // 3 + 1
        year = now.year - (number > running) if past else now.year + (number < running)
    first = date(year, 3 * number - 2, 1)
    return days(first, date(*_month(first, 3), 1))


_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


def season(now: datetime, name: str, which: str, past: bool) -> Moment:
    """Return a meteorological season of the northern hemisphere: spring begins in March."""
    first = date(now.year, _SEASONS[name], 1)
    after = date(*_month(first, 3), 1)
    if which == "last" or past:
        shift = -1 if first > now.date() or (which == "last" and after > now.date()) else 0
    else:
        shift = 1 if after <= now.date() or (which == "next" and first <= now.date()) else 0
    return days(first.replace(year=first.year + shift), after.replace(year=after.year + shift))


def edge(whole: Moment, which: str) -> Moment:
    """Return the end, beginning or middle of a period. The end of a week is its Friday; the end of a day is close of business."""
    length = whole.whole_days
    if which in {"beginning", "start"}:
        return day(whole.start.date())
    if which == "middle":
        return day((whole.start + timedelta(days=length // 2)).date())
    if length == 1:
        return at(whole.start.date(), CLOSE_OF_BUSINESS)
    return day((whole.end - (3 * DAY if length == 7 else DAY)).date())


def nth(whole: Moment, number: int, weekday_number: int | None) -> Moment | None:
    """Return the first (1), second .. or last (-1) such weekday of a period, or day where weekday_number is None; None if there is none."""
    first, last = whole.start.date(), whole.end.date() - DAY
    if weekday_number is None:
        on = first + (number - 1) * DAY if number > 0 else last + (number + 1) * DAY
    elif number > 0:
        on = first + timedelta(days=(weekday_number - first.weekday()) % 7 + 7 * (number - 1))
    else:
        on = last - timedelta(days=(last.weekday() - weekday_number) % 7)
    return day(on) if first <= on <= last else None


def later(on: date, count: int, unit: str) -> date | None:
    """Return a day some units away: months keep the day where it exists, business days skip weekends; None beyond the calendar."""
    try:
        if unit in {"month", "quarter", "year", "decade"}:
            year_number, month_number = _month(on, count * {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit])
            return on.replace(year=year_number, month=month_number, day=min(on.day, monthrange(year_number, month_number)[1]))
        if unit == "fortnight":
            return on + timedelta(days=14 * count)
        if unit in {"business day", "working day"}:
            return _business(on, count)
        return on + timedelta(days=count * (7 if unit == "week" else 1))
    except (ValueError, OverflowError):
        return None


def _business(on: date, count: int) -> date:
    """Count Mondays to Fridays only; holidays are not known."""
    weeks, rest = divmod(abs(count), 5)
    step = DAY if count >= 0 else -DAY
    on += 7 * weeks * step
    while rest:
        on += step
        rest -= on.weekday() < 5
    return on


def hour_of_day(hour: int, minute: int, half: str) -> time | None:
    """Return a clock time; None where it does not exist. half: 'am', 'pm' or '' (then working hours decide: 1 to 6 is pm)."""
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif not half and 1 <= hour <= 6:
        hour += 12
    return time(hour, minute) if 0 <= hour <= 23 and 0 <= minute <= 59 else None


def nearest(now: datetime, hour: time, sure: bool, past: bool) -> Moment:
    """Return the next such time of day, or the last one in past talk. sure: whether am or pm was said.

    Where it was not said and the hour has passed, working people mean tomorrow: 'at nine', said at half past ten. The hour twelve hours
    later is meant up to eight in the evening ('by seven'), and in talk during the evening.
    """
    moment = at(now.date(), hour)
    if past:
        return moment if moment.start <= now else at(now.date() - DAY, hour)
    if moment.start >= now:
        return moment
    if not sure and hour.hour < 12 and now <= moment.start + timedelta(hours=12):
        evening = hour.replace(hour=hour.hour + 12)
        if evening < _LATE or now.time() >= CLOSE_OF_BUSINESS:
            return at(now.date(), evening)
    return at(now.date() + DAY, hour)


def within(hour: time, part: str) -> time:
    """Return the hour in that part of the day: nine in the evening is 21:00, six in the morning is 6:00."""
    if part in {"afternoon", "evening", "night"} and hour.hour < 12:
        return hour.replace(hour=hour.hour + 12)
    if part == "morning" and hour.hour > 12:
        return hour.replace(hour=hour.hour - 12)
    return hour


def _date(year: int, month_number: int, number: int) -> date | None:
    try:
        return date(year, month_number, number)
    except ValueError:
        return None


def _month(of: date, step: int) -> tuple[int, int]:
    """Return (year, month) some months away."""
    count = of.year * 12 + of.month - 1 + step
    return count // 12, count % 12 + 1
