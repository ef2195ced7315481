"""Dates and times of a message, joined where they belong together ('Thursday at 4 pm', 'from Monday to Wednesday'), as entities.

Everything is resolved against the moment the message was said, in the conversation's timezone; the past tense turns 'on Monday' back.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from insights.analysis import moments
from insights.analysis.clock import times
from insights.analysis.days import Span, days
from insights.analysis.findings import Entity
from insights.analysis.moments import Moment

_PAST = re.compile(
    r"\b(?:was|were|did|had|went|sent|got|came|said|told|met|made|took|gave|\w{3,}ed|yesterday|ago|last (?:week|month|year|night))\b"
)
_FUTURE = re.compile(
    r"\b(?:will|shall|going to|gonna|need|needs|must|please|can|could|should|would|tomorrow|next|let's|have to"
    r"|has to|due|deadline|supposed)\b|'ll\b"
)
_GLUE = re.compile(r"(?:,? (?:at|by|around|before|until|about) |,? |, )")
_GLUE_BACK = re.compile(r"(?:,? on |,? )")
_RANGE = re.compile(r" ?(?:to|through|until|till|-|–|and) ?(?:the )?")
_LATEST, _EARLIEST = 9990, 10
_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")


def find(low: str, said_at: datetime, timezone_offset: int) -> list[Entity]:
    """The dates and times of a lower-case text, in order, none overlapping; their text is still the lower-case one.

    said_at: aware; timezone_offset: minutes east of UTC, out of range counts as 0. Never raises; years beyond 1900..2100 are not dates.
    """
    zone = zone_of(timezone_offset)
    now = said_at.astimezone(zone).replace(tzinfo=None) if _EARLIEST < said_at.year < _LATEST else datetime(2000, 1, 1)
    words = frozenset(_WORD.findall(low))
    past = bool(_PAST.search(low)) and not _FUTURE.search(low)
    spans = _join(low, _longest(days(low, words, now, past)), _longest(times(low, words, now)))
    return [_entity(low, span, zone) for span in spans]


def zone_of(minutes: int) -> timezone:
    """A fixed timezone; UTC when the offset is out of range."""
    return timezone(timedelta(minutes=minutes)) if -1440 < minutes < 1440 else UTC


def _longest(spans: Iterable[Span]) -> list[Span]:
    """Of overlapping spans the longest, in order of place."""
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def _join(low: str, dates: list[Span], clocks: list[Span]) -> list[Span]:
    """Dates with the times beside them, then ranges."""
    clocks = [span for span in clocks if all(span.end <= other.start or span.start >= other.end for other in dates)]
    joined: list[Span] = []
    for span in sorted([*dates, *clocks], key=lambda span: span.start):
        last = joined[-1] if joined else None
        both = _both(low, last, span) if last else None
        if both:
            joined[-1] = both
        else:
            joined.append(span)
    return joined


def _both(low: str, first: Span, second: Span) -> Span | None:
    """One span for two neighbours that mean one thing."""
    between = low[first.end : second.start]
    if first.type == "date" and second.type == "time" and first.moment.whole_days == 1 and _GLUE.fullmatch(between):
        return _timed(first, second, first.start, second.end)
    if first.type == "time" and second.type == "date" and second.moment.whole_days == 1 and _GLUE_BACK.fullmatch(between):
        return _timed(second, first, first.start, second.end)
    if first.type == second.type == "date" and between in {" ", ", ", " the "} and first.moment.whole_days == second.moment.whole_days == 1:
        return Span(first.start, second.end, "date", second.moment)
    if _RANGE.fullmatch(between) and first.type == second.type != "daterange" and re.search(r"(?:from|between) $", low[: first.start]):
        return _range(first, second)
    return None


def _timed(on: Span, clock: Span, start: int, end: int) -> Span:
    return Span(start, end, "datetime", moments.at(on.moment.start.date(), clock.moment.start.time()))


def _range(first: Span, second: Span) -> Span | None:
    begin, end = first.moment, second.moment
    if begin.start > end.start and not begin.clock and begin.start - timedelta(days=7) <= end.start:
        begin = Moment(begin.start - timedelta(days=7), begin.end, begin.clock)
    if begin.start >= end.end:
        return None
    return Span(first.start, second.end, "daterange", Moment(begin.start, end.end, clock=begin.clock))


def _entity(low: str, span: Span, zone: timezone) -> Entity:
    return Entity(span.type, low[span.start : span.end], span.start, _value(span, zone))


def _value(span: Span, zone: timezone) -> dict[str, Any]:
    moment = span.moment
    if span.type in {"time", "datetime"}:
        return {"datetime": moment.start.replace(tzinfo=zone).isoformat()}
    if span.type == "daterange" and moment.clock:
        return {"start": moment.start.replace(tzinfo=zone).isoformat(), "end": moment.end.replace(tzinfo=zone).isoformat()}
    first, last = moment.start.date().isoformat(), moment.end.date().isoformat()
    if span.type == "daterange":
        return {"start": first, "end": last}
    return {"datetime": first} if moment.whole_days == 1 else {"datetime": first, "end": last}
