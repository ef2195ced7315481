"""Times of day in a message: '4:30 pm', 'half past four', 'eight o'clock', 'noon', 'until five'. Text in, spans and moments out."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from insights.analysis import moments
from insights.analysis.days import Span
from insights.analysis.moments import Moment
from insights.analysis.numerals import value

_HOUR_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MINUTES = (
    r"oh (?:one|two|three|four|five|six|seven|eight|nine)|ten|fifteen|twenty(?:[ -]five)?"
    r"|thirty(?:[ -]five)?|forty(?:[ -]five)?|fifty(?:[ -]five)?"
)
_hour = r"(?P<hour>" + "|".join(_HOUR_WORDS) + r"|[01]?\d|2[0-3])"
_half = r"(?P<half>[ap]\.m\.?|[ap]_m_|[ap]m(?![a-z]))"
_daytime = r"(?: in the (?P<day>morning|afternoon|evening)| at (?P<night>night))"
_ends = (
    r"(?=\s*$|[.,!?;](?!\d)| (?:on|today|tomorrow|tonight|this|next|and|or|so|then|i|we|i'll|we'll|if|to"
    r"|with|for|sharp|but|because|please|at the|in the"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b)"
)

Resolver = Callable[[re.Match[str], datetime], Moment | None]


def _number(text: str) -> int:
    text = text.removeprefix("oh ")
    return int(text) if text.isdigit() else int(value(text) or 0)


def _half_of(match: re.Match[str]) -> str:
    """'am', 'pm' or '' from the words around a time."""
    groups = match.groupdict()
    if groups.get("half"):
        return "am" if groups["half"].startswith("a") else "pm"
    if groups.get("day"):
        return "am" if groups["day"] == "morning" else "pm"
    if groups.get("night"):
        return "pm"
    return ""


def _plain(match: re.Match[str], now: datetime) -> Moment | None:
    minute = match.groupdict().get("minute")
    hour = _number(match.group("hour"))
    half = _half_of(match)
    if half and not 1 <= hour <= 12:
        half = ""
    written = match.group("hour").startswith("0") or hour > 12
    return moments.clock(now, hour, _number(minute) if minute else 0, half or ("am" if written and hour < 12 else ""))


def _past_to(match: re.Match[str], now: datetime) -> Moment | None:
    minutes = {"half": 30, "quarter": 15}.get(match.group("shift").removeprefix("a "), 0) or _number(match.group("shift"))
    hour = _number(match.group("hour"))
    if match.group("side") in {"to", "of", "before"}:
        hour, minutes = (hour - 1 or 12), 60 - minutes
    return moments.clock(now, hour, minutes, _half_of(match))


def _named(match: re.Match[str], now: datetime) -> Moment | None:
    return moments.clock(now, *((12, 0, "pm") if match.group("name") != "midnight" else (0, 0, "am")))


_GRAMMAR: tuple[tuple[re.Pattern[str], Resolver], ...] = tuple(
    (re.compile(r"(?<![\w.,:$€£/-])(?:" + pattern + ")"), resolver)
    for pattern, resolver in (
        (rf"{_hour}(?:[:.](?P<minute>[0-5]\d))? ?{_half}", _plain),
        (rf"{_hour} (?P<minute>{_MINUTES}) ?(?:{_half}|{_daytime.strip()})", _plain),
        (rf"{_hour}(?: ?o'? ?clock)(?: ?{_half}|{_daytime})?", _plain),
        (rf"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?:{_daytime}| ?(?:hours|h)\b)?", _plain),
        (
            rf"(?P<shift>half|(?:a )?quarter|five|ten|twenty(?:[ -]five)?) (?P<side>past|to|after|of"
            rf"|before) {_hour}(?![\w-])(?! (?:percent|euros?|dollars?|people))(?: ?{_half}|{_daytime})?",
            _past_to,
        ),
        (
            rf"(?:(?<=\bat )|(?<=by )|(?<=until )|(?<=till )|(?<=before )|(?<=around )|(?<=after )|(?<=about )"
            rf"|(?<=from )|(?<=between )){_hour}(?: (?P<minute>{_MINUTES}))?(?:{_daytime}|{_ends})",
            _plain,
        ),
        (rf"(?P<hour>{'|'.join(_HOUR_WORDS)}|[1-9]|1[0-2]){_daytime}", _plain),
        (r"(?P<name>noon|midday|midnight)(?![a-z])", _named),
    )
)

_TRIGGERS = frozenset([*_HOUR_WORDS, "noon", "midday", "midnight"])


def times(low: str, words: frozenset[str], now: datetime) -> Iterator[Span]:
    """Times of day in a lower-case text, overlapping ones included. words: its words; now: local time."""
    if _TRIGGERS.isdisjoint(words) and not any(char.isdigit() for char in low):
        return
    for pattern, resolver in _GRAMMAR:
        for match in pattern.finditer(low):
            moment = resolver(match, now)
            if moment is not None:
                yield Span(match.start(), match.end(), "time", moment)
