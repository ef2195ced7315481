"""Finds dates and times of a message as entities, and joins related ones ('Thursday at 4 pm', 'from Monday to Wednesday').

Everything is resolved relative to the time of the message in the conversation's timezone; in the past tense 'on Monday' is a past day.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache

from insights.analysis.dates import calendar
from insights.analysis.dates.calendar import Moment
from insights.analysis.dates.days import DateSpan, days
from insights.analysis.dates.period_boundaries import ends
from insights.analysis.dates.times_of_day import times
from insights.analysis.types import EntityValue, FoundEntity

_PAST = re.compile(
    r"\b(?:was|were|did|had|went|sent|got|came|said|told|met|made|took|gave|left|saw|heard|wrote|spoke|bought|paid|sold|lost|found|held|began"
    r"|ran|flew|built|broke|drew|drove|felt|kept|won|thought|yesterday|ago|last (?:week|month|year|night))\b"
    r"|(?<!\bis )(?<!\bare )(?<!'s )(?<!'re )(?<!\bbe )(?<!\bget )(?<!\bgets )"  # "is moved to Friday" is about the future
    r"\b(?!indeed\b|speed\b|exceed\b|proceed\b|succeed\b|hundred\b)\w{3,}ed\b"
)
_FUTURE = re.compile(
    r"\b(?:will|shall|going to|gonna|need|needs|must|please|can|could|should|would|tomorrow|next|let's|have to"
    r"|has to|due|deadline|supposed)\b|'ll\b"
)
_PASSIVE_QUESTION = re.compile(
    r"\b(?:is|are) (?:the|an?|my|your|our|their|his|her|its|this|that|these|those|all|everything)"
    r"(?: (?!(?:i|you|we|he|she|they|it|who|that|which|and|but|or)\b)\w+){0,3}? \w{3,}ed\b"
)
"""'Is the pricing page finished?' is about the present, as 'the page is finished' is."""
_PERFECT = re.compile(r"\b(?:should|could|would|must|might|may|ought to|needed to)(?:n't| not)? have (?!to\b)")
"""'You should have sent it on Monday' is about last Monday, despite 'should'."""

_GLUE = re.compile(r"(?:,? (?:at|by|around|before|until|about|from|between) |,? |, )")
_GLUE_BACK = re.compile(r"(?:,? on |,? )")
_RANGE = re.compile(r" ?(?:to|through|until|till|-|–|and) ?(?:the )?")
_RANGE_START = re.compile(r"(?:from|between) (?:the )?$")
_WEEK = timedelta(days=7)
_LATEST, _EARLIEST = 9990, 10
_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")


def find(low: str, said_at: datetime, timezone_offset: int) -> list[FoundEntity]:
    """Return the dates and times of a lower-case text in order, without overlaps; their text is in lower case too.

    Never raises; years outside 1900..2100 are not dates.

    Args:
        said_at: timezone-aware time of the message.
        timezone_offset: minutes east of UTC; a value out of range counts as 0.
    """
    zone = zone_of(timezone_offset)
    now = said_at.astimezone(zone).replace(tzinfo=None) if _EARLIEST < said_at.year < _LATEST else datetime(2000, 1, 1)
    words = frozenset(_WORD.findall(low))
    past = is_past(low)
    spans = _join(
        low, _longest([*days(low, words, now, past), *ends(low, words, now, past)]), _longest(times(low, words, now, past)), now, past
    )
    return [_entity(low, span, zone) for span in spans]


@lru_cache(maxsize=2)  # called for every duration of one message
def is_past(low: str) -> bool:
    """Return whether a lower-case message is about the past, judged by its verbs."""
    if _PERFECT.search(low) is not None:
        return True
    return _PAST.search(_PASSIVE_QUESTION.sub("", low)) is not None and _FUTURE.search(low) is None


def zone_of(minutes: int) -> timezone:
    """Return a fixed timezone; UTC when the offset is out of range."""
    return timezone(timedelta(minutes=minutes)) if -1440 < minutes < 1440 else UTC


def _longest(spans: Iterable[DateSpan]) -> list[DateSpan]:
    """Return the longest of overlapping spans, in order of position."""
    chosen: list[DateSpan] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def _join(low: str, dates: list[DateSpan], clocks: list[DateSpan], now: datetime, past: bool) -> list[DateSpan]:
    """Join dates with adjacent times, and ranges."""
    clocks = [span for span in clocks if all(span.end <= other.start or span.start >= other.end for other in dates)]
    joined: list[DateSpan] = []
    for span in sorted([*dates, *clocks], key=lambda span: span.start):
        joined.append(span)
        while len(joined) > 1:
            both = _both(low, joined[-2], joined[-1], now, past)
            if both is None:
                break
            joined[-2:] = [both]
    return joined


def _both(low: str, first: DateSpan, second: DateSpan, now: datetime, past: bool) -> DateSpan | None:
    """Return one span for two neighbours that belong together."""
    between = low[first.end : second.start]
    if _RANGE.fullmatch(between) and _RANGE_START.search(low[: first.start]) and first.type == second.type != "daterange":
        return _range(first, second, now, past)
    if _is_day(first) and _is_hour(second) and _GLUE.fullmatch(between):
        return _timed(low, first, second)
    if _is_hour(first) and _is_day(second) and _GLUE_BACK.fullmatch(between):
        return _timed(low, second, first)
    if first.type == second.type == "date" and between in {" ", ", ", " the "} and first.moment.whole_days == second.moment.whole_days == 1:
        return DateSpan(first.start, second.end, "date", second.moment)
    return None


def _is_day(span: DateSpan) -> bool:
    """Return whether a time of day is missing: 'Friday', but also 'Friday morning' and 'tonight'."""
    return (span.type == "date" and span.moment.whole_days == 1) or bool(span.moment.part)


def _is_hour(span: DateSpan) -> bool:
    return span.hour is not None or (span.type == "daterange" and span.moment.clock)


def _timed(low: str, on: DateSpan, clock: DateSpan) -> DateSpan:
    """Return a day with its time, or with its range of times."""
    start, end, day = min(on.start, clock.start), max(on.end, clock.end), on.moment.start.date()
    if clock.hour is None:
        shift = day - clock.moment.start.date()
        return DateSpan(start, end, "daterange", Moment(clock.moment.start + shift, clock.moment.end + shift, clock=True))
    if low[clock.start : clock.end].endswith("midnight"):
        day += calendar.DAY  # a due time of midnight is the end of the day
    hour = clock.hour if clock.sure else calendar.within(clock.hour, on.moment.part)
    return DateSpan(start, end, "datetime", calendar.at(day, hour))


def _range(first: DateSpan, second: DateSpan, now: datetime, past: bool) -> DateSpan | None:
    begin, end = first.moment, second.moment
    if first.hour is not None and second.hour is not None:
        begin, end = _hours(first, second, now)
    elif begin.start > end.start and not begin.clock and begin.start - _WEEK <= end.start:
        begin, end = (Moment(begin.start - _WEEK, begin.end), end) if past else (begin, Moment(end.start + _WEEK, end.end + _WEEK))
    if begin.start >= end.end:
        return None
    return DateSpan(first.start, second.end, "daterange", Moment(begin.start, end.end, clock=begin.clock))


def _hours(first: DateSpan, second: DateSpan, now: datetime) -> tuple[Moment, Moment]:
    """Return two times of one day, the second after the first where am or pm was said only once: 'from 9 to 11 pm'."""
    begin, end = first.hour or time(), second.hour or time()
    other = begin.replace(hour=(begin.hour + 12) % 24)
    if not first.sure and second.sure and other < end and (begin >= end or other > begin):
        begin = other
    if not second.sure and end <= begin and end.hour < 12:
        end = end.replace(hour=end.hour + 12)
    day = now.date() + (calendar.DAY if datetime.combine(now.date(), end) <= now else timedelta())
    return calendar.at(day, begin), calendar.at(day, end)


def _entity(low: str, span: DateSpan, zone: timezone) -> FoundEntity:
    return FoundEntity(span.type, low[span.start : span.end], span.start, _value(span, zone))


def _value(span: DateSpan, zone: timezone) -> EntityValue:
    moment = span.moment
    if span.type in {"time", "datetime"}:
        return {"datetime": moment.start.replace(tzinfo=zone).isoformat()}
    if span.type == "daterange" and moment.clock:
        return {"start": moment.start.replace(tzinfo=zone).isoformat(), "end": moment.end.replace(tzinfo=zone).isoformat()}
    first, last = moment.start.date().isoformat(), moment.end.date().isoformat()
    if span.type == "daterange":
        return {"start": first, "end": last}
    return {"datetime": first} if moment.whole_days == 1 else {"datetime": first, "end": last}
