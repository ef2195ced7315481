"""Resolves durations that point to a moment: 'in two weeks', 'three days ago', 'a month from now'."""

import re
from datetime import datetime, timedelta

from insights.analysis.dates import calendar
from insights.analysis.dates.find_dates import is_past, zone_of
from insights.analysis.types import FoundEntity

_BEFORE = re.compile(
    r"\b(?:in|within|in about|in (?:just )?under|(?:over|in|during|within) the next)(?: about| around| just)? (?:the next )?$"
)
_AHEAD = re.compile(r" (?:from (?:now|today)|hence)\b")
_AGO = re.compile(r" (?:and a half )?ago\b")
_NOT_A_TIME = re.compile(r" (?:of|each|per|long|straight|in a row|apart)\b")
_UNIT = re.compile(
    r"(second|minute|min|hour|business day|working day|day|night|week|fortnight|month|quarter|year|decade)s?(?: and a half)?$"
)
_SECONDS = {"second": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86_400, "night": 86_400, "week": 604_800, "fortnight": 1_209_600}
_CALENDAR = {"month": 2_629_800, "quarter": 7_889_400, "year": 31_557_600, "decade": 315_576_000}
_FARTHEST = 200 * _CALENDAR["year"]


def pointed(low: str, duration: FoundEntity, said_at: datetime, timezone_offset: int) -> FoundEntity:
    """Return the duration with its moment as value["datetime"], a day for days and longer units; unchanged where it points to none.

    Args:
        low: the lower-case message.
        duration: an entity of the message.
        said_at: timezone-aware time of the message.
    """
    ago = _AGO.match(low, duration.end) is not None
    if not ago and not _AHEAD.match(low, duration.end) and not _is_ahead(low, duration):
        return duration
    unit = _UNIT.search(low, duration.offset, duration.end)
    seconds = float(duration.value["seconds"])
    if unit is None or seconds > _FARTHEST:
        return duration
    when = _moved(said_at.astimezone(zone_of(timezone_offset)), -seconds if ago else seconds, unit.group(1))
    return FoundEntity(duration.type, duration.text, duration.offset, {**duration.value, "datetime": when}) if when else duration


def _is_ahead(low: str, duration: FoundEntity) -> bool:
    """Return whether 'in' or 'within' precedes it, and nothing shows that it is only the length of something."""
    lead = low[max(0, duration.offset - 24) : duration.offset]
    ahead = duration.text.startswith("the next ") or _BEFORE.search(lead) is not None
    return ahead and _NOT_A_TIME.match(low, duration.end) is None and not is_past(low)


def _moved(now: datetime, seconds: float, unit: str) -> str:
    """Return the ISO time or day some units away; empty beyond the calendar."""
    try:
        if unit in {"second", "minute", "min", "hour"}:
            return (now + timedelta(seconds=seconds)).replace(microsecond=0).isoformat()
        length = _CALENDAR.get(unit) or _SECONDS.get(unit, 86_400)
        count = seconds / length
        if unit == "year" and count != int(count) and count * 12 == int(count * 12):
            unit, count = "month", count * 12
        if count == int(count) and unit != "night":
            on = calendar.later(now.date(), int(count), unit)
            return on.isoformat() if on else ""
        return (now + timedelta(seconds=seconds)).date().isoformat()
    except (ValueError, OverflowError):
        return ""
