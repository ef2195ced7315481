"""Entities of form in languages other than English: addresses, and where the language has rules numbers, amounts, times and dates."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

from insights.analysis import entities
from insights.analysis.other_languages.rules import DateWords, LanguageRules
from insights.analysis.text.words import LONGEST
from insights.analysis.types import FoundEntity

_NUMBER = r"\d{1,3}(?:[.   ]\d{3})+(?:,\d+)?|\d+(?:,\d+)?"
"""A number as most of Europe writes it: a comma before the fraction, points or spaces between thousands."""
_PLAIN = re.compile(rf"(?<![\w.,:/-])(?:{_NUMBER})(?![\w%]|[.,:/-]\d)")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_DAY_S = 86_400
_FARTHEST_FUTURE_S = 100 * 366 * _DAY_S
_FARTHEST_PAST = 180
"""Days before today up to which a date without a year is a past one; a longer time ago is next year's."""
_MOST_YEARS_AHEAD = 8
"""Years between two 29 February at most: 2096 and 2104."""


def found(text: str, said_at: datetime, timezone_offset: int, rules: LanguageRules | None) -> tuple[FoundEntity, ...]:
    """Return the entities of a message in order, without overlaps; text[e.offset:e.end] == e.text for each.

    Without rules there are only addresses. `timezone_offset` is in minutes east of UTC.
    """
    text = text[:LONGEST]
    low = entities.lower(text)
    taken: list[FoundEntity] = list(entities.addresses(low))
    if rules is not None:
        today = (said_at.astimezone(UTC) + timedelta(minutes=timezone_offset)).replace(tzinfo=None)
        for one in (
            *_dates(low, today, rules.dates, timezone_offset),
            *_amounts(low, rules),
            *_durations(low, today, rules),
            *_numbers(low),
        ):
            if len(taken) < entities.MOST and all(one.end <= other.offset or one.offset >= other.end for other in taken):
                taken.append(one)
    return tuple(
        FoundEntity(one.type, text[one.offset : one.end], one.offset, one.value) for one in sorted(taken, key=lambda entity: entity.offset)
    )


def due(found: Sequence[FoundEntity], said_at: datetime, timezone_offset: int) -> tuple[datetime | None, str]:
    """Return the last second of the first day that is not past, and the words that name it; None and "" if there is none.

    A week ends with its Friday, unless that is past.
    """
    local = timezone(timedelta(minutes=timezone_offset))
    for one in found:
        first = str(one.value.get("datetime") or one.value.get("end") or "")
        if one.type in ("date", "daterange", "duration") and first:
            day = date.fromisoformat(first) + timedelta(days=one.type != "daterange")
            when = datetime.combine(day, time(), local) - timedelta(seconds=1)
            friday = when - timedelta(days=2 * (one.type == "daterange"))
            if when >= said_at:
                return friday if friday >= said_at else when, one.text
    return None, ""


def _value(text: str) -> float:
    return float(re.sub(r"[.   ](?=\d{3})", "", text).replace(",", "."))


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The compiled patterns of a language."""

    amount: re.Pattern[str]
    percent: re.Pattern[str]
    duration: re.Pattern[str]


@lru_cache(maxsize=16)
def _patterns(
    code: str,
    numbers: tuple[str, ...],
    many: tuple[str, ...],
    currencies: tuple[str, ...],
    units: tuple[str, ...],
    percent: str,
    ahead: str,
) -> _Patterns:
    """Return the patterns of a language; the code is part of the key only."""
    number = rf"(?<![\w.,])(?P<n>{_NUMBER}|{_any(numbers)})"
    named = _any(currencies)
    return _Patterns(
        re.compile(
            rf"{number}(?:\s(?P<many>{_any(many)})\b)?\s?(?:(?P<sign>[€$£¥])|(?:de |d')?(?P<name>{named})\b)"
            rf"|(?P<before>[€$£¥])\s?(?P<m>{_NUMBER})(?!\w)"
        ),
        re.compile(rf"{number}\s?(?:%|(?:{percent})\b)"),
        re.compile(rf"(?P<ahead>\b(?:{ahead}) )?{number}\s(?P<unit>{_any(units)})\b"),
    )


def _patterns_of(rules: LanguageRules) -> _Patterns:
    numbers, many, currencies, units = (tuple(one) for one in (rules.dates.numbers, rules.many, rules.currencies, rules.units))
    return _patterns(rules.code, numbers, many, currencies, units, rules.percent, rules.ahead)


def _any(names: Iterable[str]) -> str:
    """Return a pattern for any of the names; one that never matches for none."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or r"(?!)"


def _count(text: str, rules: LanguageRules) -> float:
    """Return a number in digits or in words."""
    known = rules.dates.numbers.get(text)
    return _value(text) if known is None else float(known)


def _amounts(low: str, rules: LanguageRules) -> Iterator[FoundEntity]:
    patterns = _patterns_of(rules)
    for match in patterns.amount.finditer(low):
        code = _SIGNS.get(match["sign"] or match["before"] or "") or rules.currencies.get(match["name"] or "")
        if code:
            amount = _count(match["n"] or match["m"], rules) * rules.many.get(match["many"] or "", 1.0)
            yield FoundEntity("money", match.group(), match.start(), {"amount": round(amount, 2), "currency": code})
    for match in patterns.percent.finditer(low):
        yield FoundEntity("percent", match.group(), match.start(), {"percent": _count(match["n"], rules)})


def _durations(low: str, now: datetime, rules: LanguageRules) -> Iterator[FoundEntity]:
    """Yield durations; whole days that are said to lie ahead have the day that they point to."""
    for match in _patterns_of(rules).duration.finditer(low):
        seconds = _count(match["n"], rules) * rules.units[match["unit"]]
        value: dict[str, str | float] = {"seconds": seconds}
        if match["ahead"] and seconds >= _DAY_S and seconds % _DAY_S == 0 and seconds < _FARTHEST_FUTURE_S:
            value["datetime"] = (now.date() + timedelta(seconds=seconds)).isoformat()
        yield FoundEntity("duration", match.group(), match.start(), value)


def _numbers(low: str) -> Iterator[FoundEntity]:
    for match in _PLAIN.finditer(low):
        yield FoundEntity("number", match.group(), match.start(), {"number": _value(match.group())})


def _dates(low: str, now: datetime, words: DateWords, timezone_offset: int) -> Iterator[FoundEntity]:
    """Yield dates and times of day; `now` is the local time."""
    patterns = words.patterns
    today = now.date()
    no_days = [match.span() for match in re.finditer(words.not_a_day, low)]
    for match in patterns.date.finditer(low):
        when = _calendar_date(match, today, words)
        if when is not None:
            yield FoundEntity("date", match.group(), match.start(), {"datetime": when.isoformat()})
    for match in patterns.weeks.finditer(low):
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=words.weeks[match.group()])
        yield FoundEntity(
            "daterange", match.group(), match.start(), {"start": first.isoformat(), "end": (first + timedelta(7)).isoformat()}
        )
    for match in patterns.weekdays.finditer(low):
        place = next(number for number, names in enumerate(words.weekdays) if match["day"] in names)
        when = today + timedelta(days=(place - today.weekday() - 1) % 7 + 1)
        yield FoundEntity("date", match.group(), match.start(), {"datetime": when.isoformat()})
    for match in patterns.days.finditer(low):
        if not any(start <= match.start() < end for start, end in no_days):
            when = today + timedelta(days=words.days[match.group()])
            yield FoundEntity("date", match.group(), match.start(), {"datetime": when.isoformat()})
    for match in patterns.clock.finditer(low):
        groups = match.groupdict()
        hour = words.numbers[groups["word"]] if groups.get("word") else int(groups.get("hour") or groups["hour2"])
        minute = int(groups.get("minute") or groups.get("minute2") or groups.get("late") or 0)
        if hour < 24:
            when_at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            zone = timezone_text(timezone_offset)
            yield FoundEntity("time", match.group(), match.start(), {"datetime": when_at.isoformat() + zone})


def timezone_text(minutes: int) -> str:
    """Return an offset in minutes as +01:00."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _calendar_date(match: re.Match[str], today: date, words: DateWords) -> date | None:
    """Return the date that a match of `DateWords.date` names; None if there is no such day.

    Without a year it is the nearest one that is not long past: 29 February may be years ahead.
    """
    groups = match.groupdict()
    day, month, year = (groups.get(name) or groups.get(f"{name}2") or "" for name in ("day", "month", "year"))
    named = [number for number, names in enumerate(words.months, 1) if month in names]
    number = named[0] if named else int(month.strip(".") or 0)
    day_number = int(day.removesuffix("er"))
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), number, day_number)
    for candidate in range(today.year, today.year + _MOST_YEARS_AHEAD + 1):
        when = _date(candidate, number, day_number)
        if when is not None and (today - when).days <= _FARTHEST_PAST:
            return when
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
