"""Days and periods in a message: 'tomorrow', 'the 3rd of March', 'next month'. Returns spans with moments."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from insights.analysis.dates import calendar
from insights.analysis.dates.calendar import Moment, When
from insights.analysis.dates.numerals import DIGIT, NUMBER, ORDINAL, YEAR, ordinal, value, year


@dataclass(frozen=True, slots=True)
class DateSpan:
    """text[start:end] means `moment`; for a time also the clock time, and whether am or pm was said."""

    start: int
    end: int
    type: When
    moment: Moment
    hour: time | None = None
    sure: bool = False


Resolver = Callable[[re.Match[str], datetime, bool], Moment | None]
"""Returns the meaning of a match at a local time, or None; the last argument says whether the talk is about the past."""

Rule = tuple[str, str, When, Resolver]
"""Words of which the message must contain one (a cheap test; none = a digit), the pattern, the type, and the resolver."""

Grammar = tuple[tuple[frozenset[str], re.Pattern[str], When, Resolver], ...]

WEEKDAYS = {name: number for number, name in enumerate(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])}
_SHORT_DAYS = {"tue": 1, "tues": 1, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4}
_MONTH_NAMES = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)} | {
    name[:3]: number for number, name in enumerate(_MONTH_NAMES, 1) if name != "may"
} | {"sept": 9}  # fmt: skip

WEEKDAY = r"(?P<weekday>" + "|".join([*WEEKDAYS, *sorted(_SHORT_DAYS, key=len, reverse=True)]) + r")(?![a-z])"
MONTH = r"(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?:(?<![a-z]{4})\.(?= ?\d))?(?![a-z])"
WHICH = r"(?P<which>this|next|last|coming|following|past|current|previous|upcoming)"
_part = r"(?: (?P<part>morning|afternoon|evening|night))?(?![a-z])"
UNIT = r"(?P<unit>day|week|weekend|month|quarter|year)"
_CLAUSE = r"(?=\s*$|[.,;!?]| (?:at|and|or|for|to|if|so|but|i|we|you|he|she|it|they|is|was|would|will|works)\b)"
"""What may follow 'after next' when it ends the date: in 'Friday after next sprint' it does not."""

OF_YEAR = rf"(?:,? (?P<year>{YEAR}))?"
QUARTER = (
    r"(?:q(?P<q>[1-4])|(?:the )?(?P<number>first|second|third|fourth) quarter)(?![a-z\d])"
    rf"(?: of (?P<which>this|next|last) year(?![a-z'])|(?: of)?{OF_YEAR})"
)
_of_whole = rf"(?:of|in) (?:(?:the )?{WHICH} |the )?(?:{UNIT}|{MONTH}{OF_YEAR})(?![a-z'])"
_day = r"(?P<day>day|" + "|".join([*WEEKDAYS, *sorted(_SHORT_DAYS, key=len, reverse=True)]) + ")"
_FARTHEST = 4000
"""Maximum number of units: more is a recognition error."""

STEP = {
    "this": 0,
    "current": 0,
    "the": 0,
    "": 0,
    "next": 1,
    "coming": 1,
    "following": 1,
    "upcoming": 1,
    "last": -1,
    "past": -1,
    "previous": -1,
}
SIDE = {"this": "this", "current": "this", "next": "next", "following": "next", "last": "last", "past": "last", "previous": "last"}


def got(match: re.Match[str], name: str) -> str:
    """Return a group of a match; empty where the pattern lacks it, or where it did not match."""
    return match.groupdict().get(name) or ""


def _with_part(moment: Moment, match: re.Match[str]) -> Moment:
    part = got(match, "part")
    return calendar.at(moment.start.date(), calendar.PARTS[part], part) if part else moment


def _relative(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    text = match.group("day")
    step = {"today": 0, "tomorrow": 1, "yesterday": -1}.get(text, 2 if "after" in text else -2)
    return _with_part(calendar.day(now.date() + timedelta(days=step)), match)


def _tonight(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return calendar.part_of_today(now, got(match, "part") or "night", past)


def weekday_of(match: re.Match[str], now: datetime, past: bool) -> Moment:
    """Return the day of the groups weekday, which, week, later and after of a match."""
    name = match.group("weekday")
    number = WEEKDAYS.get(name, _SHORT_DAYS.get(name, 0))
    which = SIDE.get(got(match, "which"), "")
    week = got(match, "week")
    if week:
        return _with_part(calendar.day(calendar.period(now, "week", STEP[week]).start.date() + timedelta(days=number)), match)
    after = got(match, "after")
    found = calendar.weekday(now, number, "next" if after else which, past)
    if after or got(match, "later"):
        found = calendar.day(found.start.date() + timedelta(days=7))
    return _with_part(found, match)


def _period(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    which = got(match, "which")
    name = got(match, "unit")
    if not name:
        return calendar.season(now, match.group("season"), SIDE.get(which, "this"), past)
    if name == "weekend" and which in {"coming", "upcoming"}:
        which = "this"
    return calendar.period(now, name, STEP[which])


def _weekend(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return calendar.period(now, "weekend", -1 if past and now.weekday() < 5 else 0)


def _after_next(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return calendar.period(now, match.group("unit"), 2 if match.group("side") == "after next" else -2)


def _within(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return None if past else calendar.period(now, match.group("unit"), 0)


def _day_of_month(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Resolve 'the 3rd of next month'; for 'the month' the next such day."""
    number, which = ordinal(match.group("number")), got(match, "which")
    if number is None:
        return None
    return calendar.nth(calendar.period(now, "month", STEP[which]), number, None) if which else calendar.day_of_month(now, number, past)


def _nth(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Resolve 'the last Friday of the month', 'the first day of March'."""
    if got(match, "month"):
        whole = calendar.month(now, MONTHS[match.group("month")], year_of(match), "", past)
    else:
        whole = calendar.period(now, match.group("unit"), STEP[got(match, "which")])
    name = match.group("day")
    number = -1 if match.group("nth") == "last" else ordinal(match.group("nth"))
    return calendar.nth(whole, number or 1, WEEKDAYS.get(name, _SHORT_DAYS.get(name))) if whole else None


def _from_day(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Resolve 'a week from Monday', 'ten days after tomorrow'."""
    name = match.group("from")
    if name in WEEKDAYS:
        start = calendar.weekday(now, WEEKDAYS[name], "", False).start.date()
    else:
        start = now.date() + timedelta(days=name == "tomorrow")
    count = value(match.group("n")) if match.group("n") not in {"a", "an"} else 1
    on = calendar.later(start, int(count), match.group("unit")) if count and count == int(count) and count < _FARTHEST else None
    return calendar.day(on) if on else None


def year_of(match: re.Match[str]) -> int | None:
    """Return the year in the group of this name."""
    return year(match.group("year")) if got(match, "year") else None


def _month_day(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    number = ordinal(match.group("number")) or int(value(match.group("number")) or 0)
    return calendar.month_day(now, MONTHS[match.group("month")], number, year_of(match), past)


def _month_alone(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return calendar.month(now, MONTHS[match.group("month")], year_of(match), SIDE.get(got(match, "which"), ""), past)


def _numeric(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    first, second, third = (int(match.group(name)) for name in ("a", "b", "c"))
    if first > 31:
        return calendar.month_day(now, second, third, first, past) if 1900 <= first <= 2100 else None
    full = third + 2000 if third < 100 else third
    month, number = (second, first) if "." in match.group() or first > 12 else (first, second)
    return calendar.month_day(now, month, number, full, past) if 1900 <= full <= 2100 else None


def _day_alone(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    number = ordinal(match.group("number"))
    return calendar.day_of_month(now, number, past) if number else None


def _year_alone(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    return whole_year(match.group("year"))


def whole_year(text: str) -> Moment | None:
    """Return a year from its first day to its last; None where the text is not a year from 1900 to 2100."""
    number = year(text)
    return calendar.days(datetime(number, 1, 1).date(), datetime(number + 1, 1, 1).date()) if number else None


def quarter_of(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    """Return the quarter of a match of QUARTER."""
    number = int(match.group("q")) if got(match, "q") else ordinal(match.group("number"))
    of_year = now.year + STEP[match.group("which")] if got(match, "which") else year_of(match)
    return calendar.quarter(now, number, of_year, past) if number and 1 <= number <= 4 else None


_HOLIDAYS = {
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
    "new year's": (1, 1),
    "halloween": (10, 31),
}


def _holiday(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    month, number = _HOLIDAYS[match.group("holiday")]
    return calendar.month_day(now, month, number, None, past)


_DECADES = ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"]


def _decade(match: re.Match[str], now: datetime, past: bool) -> Moment | None:
    name = match.group("decade")
    tens = 20 + 10 * _DECADES.index(name) if name in _DECADES else int(re.sub(r"\D", "", name)) % 100
    first = 1900 + tens
    return calendar.days(datetime(first, 1, 1).date(), datetime(first + 10, 1, 1).date())


def compiled(rules: Iterable[Rule]) -> Grammar:
    """Compile rules so that they match at the beginning of a word."""
    return tuple((frozenset(words.split()), re.compile(rf"(?<![\w'])(?:{pattern})"), kind, mean) for words, pattern, kind, mean in rules)


_RULES: tuple[Rule, ...] = (
    (
        "tomorrow today yesterday",
        rf"(?P<day>the day after tomorrow|the day before yesterday|today|tomorrow|yesterday)(?!'s){_part}",
        "date",
        _relative,
    ),
    ("tonight this", r"(?:tonight|this (?P<part>morning|afternoon|evening))(?![a-z])", "time", _tonight),
    (
        " ".join([*WEEKDAYS, *(f"{name}s" for name in WEEKDAYS), *_SHORT_DAYS]),
        rf"(?:the )?(?:{WHICH} )?{WEEKDAY.replace('(?![a-z])', 's?(?![a-z])')}(?: (?P<week>next|this"
        rf"|last) week| (?P<later>week)(?= ?[.,!?]?$)| (?P<after>after next){_CLAUSE})?{_part}",
        "date",
        weekday_of,
    ),
    ("week", rf"(?P<week>next|this|last) week(?: on|,)? {WEEKDAY}{_part}", "date", weekday_of),
    ("within", r"(?<=within )the (?P<unit>day|week|month|quarter|year)(?![a-z'-]| to day| end\b)", "date", _within),
    (
        "month",
        rf"the (?P<number>{ORDINAL}) of (?:(?P<which>this|next|last) |the )month(?![a-z'-])",
        "date",
        _day_of_month,
    ),
    (
        "this next last coming following past current previous upcoming",
        rf"(?:the )?(?!this day){WHICH} {UNIT}(?![a-z'])",
        "date",
        _period,
    ),
    ("weekend", r"the weekend(?![a-z']| of)", "date", _weekend),
    ("next last", rf"(?:the )?{UNIT} (?P<side>after next|before last)(?![a-z'])", "date", _after_next),
    (
        "first second third fourth last",
        rf"(?:the )?(?P<nth>first|second|third|fourth|last) {_day} {_of_whole}",
        "date",
        _nth,
    ),
    (
        "from after",
        rf"(?P<n>an?|{NUMBER}) (?P<unit>business day|working day|day|week|fortnight|month|year)s? (?:from|after) "
        rf"(?P<from>today|tomorrow|{'|'.join(WEEKDAYS)})(?![a-z'])",
        "date",
        _from_day,
    ),
    (
        "week weeks",
        r"(?<!once )(?<!twice )(?<!times )(?<!days )(?<!day )(?<!hours )(?<!hour )(?<!nights )"
        rf"(?P<n>a|two|three) (?P<unit>week)s? on (?P<from>{'|'.join(WEEKDAYS)})(?![a-z'])",
        "date",
        _from_day,
    ),
    (
        "spring summer autumn fall winter",
        r"(?:the )?(?P<which>this|next|last) (?P<season>spring|summer|autumn|fall|winter)(?![a-z])",
        "date",
        _period,
    ),
    (
        "spring summer autumn winter",
        r"(?<=[a-z] )(?P<season>spring|summer|autumn|winter)(?=[.,!?]|$| (?:we|i|they|it|and|or|\d))",
        "date",
        _period,
    ),
    (" ".join(MONTHS), rf"(?:the )?(?P<number>{ORDINAL}|[12]?\d|3[01])(?: of)? {MONTH}{OF_YEAR}", "date", _month_day),
    (
        " ".join(MONTHS),
        rf"{MONTH} (?:the )?(?P<number>{ORDINAL}|(?:[12]?\d|3[01])(?![\d:.]\d|\d|%| ?(?:percent|a\.?m"
        rf"|p\.?m)))(?:{OF_YEAR})",
        "date",
        _month_day,
    ),
    (" ".join(MONTHS), rf"{MONTH},? (?:of )?(?P<year>{YEAR})", "date", _month_alone),
    (
        " ".join(MONTHS),
        rf"(?:(?<=in )|(?<=by )|(?<=of )|(?<=since )|(?<=until )|(?<=till )|(?<=before )|(?<=after )|(?<=for )"
        rf"|(?<=early )|(?<=late )|(?<=mid )|(?P<which>this|next|last) ){MONTH}(?! (?:the|be|have|not|i|we"
        rf"|you)\b)",
        "date",
        _month_alone,
    ),
    (
        "the",
        r"the (?P<number>[12]?\d(?:st|nd|rd|th)|3[01](?:st|th))(?=[.,!?;]|$| (?:at|by|and|or|to|for|we|i|if|so"
        r"|but|then|in|because|works?|is|was|would|it|around)\b)",
        "date",
        _day_alone,
    ),
    (
        "the",
        rf"(?:(?<=on )|(?<=by )|(?<=until )|(?<=till )|(?<=before )|(?<=after )|(?<=from )"
        rf"|(?<=since ))the (?P<number>{ORDINAL})(?=[.,!?;]|$| (?:at|and|to|so|but|then)\b)",
        "date",
        _day_alone,
    ),
    ("", r"(?P<a>\d{4})-(?P<b>\d{1,2})-(?P<c>\d{1,2})(?!\d)", "date", _numeric),
    ("", r"(?P<a>\d{1,2})(?P<s>[./])(?P<b>\d{1,2})(?P=s)(?P<c>(?:19|20)\d\d|\d\d)(?!\d|[./]\d)", "date", _numeric),
    (
        "in since by until from before after during of",
        rf"(?:(?<=in )|(?<=since )|(?<=by )|(?<=until )|(?<=from )|(?<=before )|(?<=after )"
        rf"|(?<=during ))(?P<year>{YEAR})(?! (?:percent|euros?|dollars?|people|thousand|hundred|minutes?|hours?"
        rf"|days?|weeks?|months?|years?)|,\d|%|\.\d)",
        "date",
        _year_alone,
    ),
    (
        "quarter q1 q2 q3 q4",
        QUARTER,
        "date",
        quarter_of,
    ),
    ("christmas year's halloween", r"(?P<holiday>" + "|".join(_HOLIDAYS) + r")(?![a-z])", "date", _holiday),
    (
        "the",
        r"(?:(?<=the )(?:late |early )?)(?:nineteen )?(?P<decade>" + "|".join(_DECADES) + r"|(?:19)?\d0s)(?![a-z])",
        "date",
        _decade,
    ),
)
_GRAMMAR = compiled(_RULES)


def days(low: str, words: frozenset[str], now: datetime, past: bool) -> Iterator[DateSpan]:
    """Yield days and periods in a lower-case text, including overlapping ones.

    Args:
        words: the words of the text.
        now: local time.
        past: whether the talk is about the past.
    """
    return spans(_GRAMMAR, low, words, now, past)


def spans(grammar: Grammar, low: str, words: frozenset[str], now: datetime, past: bool) -> Iterator[DateSpan]:
    """Yield everything that the rules of a grammar find in a lower-case text, including overlapping spans."""
    has_digits = DIGIT.search(low) is not None
    for triggers, pattern, kind, resolver in grammar:
        if not triggers.isdisjoint(words) if triggers else has_digits:
            for match in pattern.finditer(low):
                moment = resolver(match, now, past)
                if moment is not None and match.end() > match.start():
                    yield DateSpan(match.start(), match.end(), "datetime" if moment.clock and kind == "date" else kind, moment)
