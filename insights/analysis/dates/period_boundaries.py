"""Ends and beginnings of days and periods: 'EOD', 'the end of Q1', 'first thing tomorrow'. Returns spans with moments."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time

from insights.analysis.dates import calendar
from insights.analysis.dates.calendar import DAY, Moment
from insights.analysis.dates.days import (
    MONTH,
    MONTHS,
    OF_YEAR,
    QUARTER,
    SIDE,
    STEP,
    UNIT,
    WEEKDAY,
    WHICH,
    DateSpan,
    compiled,
    got,
    quarter_of,
    spans,
    weekday_of,
    whole_year,
    year_of,
)
from insights.analysis.dates.numerals import YEAR

_LAST_SECOND = time(23, 59, 59)
_FIRST_HOUR = calendar.PARTS["morning"]
_NOT_A_REPORT = r"(?![a-z-])(?! (?:reports?|reviews?|clos(?:e|ing)|part(?:y|ies)|bonus(?:es)?|figures|numbers|accounts?|results?|books)\b)"


def _today_or_tomorrow(match: re.Match[str], now: datetime) -> date:
    return now.date() + DAY if got(match, "relative") == "tomorrow" else now.date()


def _edge(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    whole: Moment | None
    if got(match, "month"):
        whole = calendar.month(now, MONTHS[match.group("month")], year_of(match), SIDE.get(got(match, "which"), ""), past)
    elif got(match, "year_alone"):
        whole = whole_year(match.group("year_alone"))
    elif got(match, "relative"):
        whole = calendar.day(_today_or_tomorrow(match, now))
    else:
        whole = calendar.period(now, match.group("unit"), STEP[got(match, "which")])
    return _edged(whole, match.group("edge"), now, past) if whole else None


def _edge_of_quarter(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    whole = quarter_of(match, now, past)
    return _edged(whole, match.group("edge"), now, past) if whole else None


def _edged(whole: Moment, which: str, now: datetime, past: bool) -> Moment:
    """Return an edge of a period. On the evening of a day or the Saturday of a week, its end means the very last moment."""
    found = calendar.edge(whole, which)
    if past or which != "end" or max(found.start, found.end) > now or whole.end <= now:
        return found
    last = (whole.end - DAY).date()
    return calendar.at(last, _LAST_SECOND) if found.clock else calendar.day(last)


def _close(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Return five o'clock. When it has passed, the day ends at midnight, and business closes on the next working day."""
    if got(match, "weekday"):
        return calendar.at(weekday_of(match, now, past).start.date(), calendar.CLOSE_OF_BUSINESS)
    on = _today_or_tomorrow(match, now)
    found = calendar.at(on, calendar.CLOSE_OF_BUSINESS)
    business = match.group("close") in {"close of business", "cob", "end of business"} and not got(match, "relative")
    if past or (found.start >= now and not (business and on.weekday() >= 5)):
        return found
    if not business:
        return calendar.at(on, _LAST_SECOND)
    working = calendar.later(on, 1, "business day")
    return calendar.at(working, calendar.CLOSE_OF_BUSINESS) if working else None


def _first_thing(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Return the hour at which the morning begins."""
    relative = got(match, "relative")
    if relative == "in the morning":
        on = calendar.nearest(now, _FIRST_HOUR, True, past).start.date()
    elif relative == "next week":
        on = calendar.period(now, "week", 1).start.date()
    else:
        on = (calendar.day(now.date() + DAY) if relative else weekday_of(match, now, past)).start.date()
    return calendar.at(on, _FIRST_HOUR, "morning")


_GRAMMAR = compiled(
    (
        (
            "end beginning start middle",
            r"(?!(?:(?<=at )|(?<=at the ))(?:the )?end of the day,? [a-z])"  # a figure of speech: "at the end of the day it is a remote"
            rf"(?:the )?(?P<edge>end|beginning|start|middle) of (?:(?:the )?{WHICH} |the )?"
            rf"(?:{UNIT}|{MONTH}{OF_YEAR}|(?P<year_alone>{YEAR}))(?![a-z])(?: (?P<relative>today|tomorrow))?",
            "date",
            _edge,
        ),
        ("end beginning start middle", rf"(?:the )?(?P<edge>end|beginning|start|middle) of (?:the )?{QUARTER}", "date", _edge_of_quarter),
        (
            "end",
            r"(?:(?<=by )|(?<=at )|(?<=until )|(?<=till )|(?<=before )|(?<=by the )|(?<=at the )|(?<=before the ))"
            rf"(?P<unit>month|quarter|year)[ -](?P<edge>end){_NOT_A_REPORT}",
            "date",
            _edge,
        ),
        (
            "close cob eod end",
            r"(?:the )?(?P<close>close of business|cob|eod|end of business|end of day)(?![a-z])(?:,? (?:on )?"
            rf"(?:{WEEKDAY}|(?P<relative>today|tomorrow)))?",
            "datetime",
            _close,
        ),
        (
            "thing",
            r"(?<!the )first thing,? (?:on )?(?:(?P<relative>tomorrow|in the morning|next week)|(?:(?P<which>this|next) )?"
            rf"{WEEKDAY})(?!')(?: morning)?",
            "datetime",
            _first_thing,
        ),
        (
            "thing",
            rf"(?:(?P<relative>tomorrow)|{WEEKDAY}) first thing(?! (?:i|we|you|he|she|they|to|that|is)\b)",
            "datetime",
            _first_thing,
        ),
    )
)


def ends(low: str, words: frozenset[str], now: datetime, past: bool) -> Iterator[DateSpan]:
    """Yield ends and beginnings of periods in a lower-case text, including overlapping ones.

    Args:
        words: the words of the text.
        now: local time.
        past: whether the talk is about the past.
    """
    return spans(_GRAMMAR, low, words, now, past)
