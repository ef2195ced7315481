"""Times of day in a message: '4:30 pm', 'half past four', 'eight o'clock', 'noon', 'until five'. Returns spans with moments."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time

from insights.analysis.dates import calendar
from insights.analysis.dates.days import DateSpan
from insights.analysis.dates.numerals import DIGIT, value

_HOUR_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_MINUTES = (
    r"oh (?:one|two|three|four|five|six|seven|eight|nine)|ten|fifteen|twenty(?:[ -]five)?"
    r"|thirty(?:[ -]five)?|forty(?:[ -]five)?|fifty(?:[ -]five)?"
)
_hour = r"(?P<hour>" + "|".join(_HOUR_WORDS) + r"|[01]?\d|2[0-3])"
_teen_hour = r"(?P<hour>thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_half = r"(?P<half>[ap]\.m\.?|[ap]_m_|[ap]m(?![a-z]))"
_daytime = r"(?: in the (?P<day>morning|afternoon|evening)| at (?P<night>night))"
_ends = (
    r"(?=\s*$|[.,!?;](?!\d)| (?:on|today|tomorrow|tonight|this|next|and|or|so|then|i|we|i'll|we'll|if|to"
    r"|with|for|sharp|but|because|please|at the|in the"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|is|was|would|will|works|suits|should|can|latest)\b)"
)
_LED = r"(?:(?<=\bat )|(?<=by )|(?<=until )|(?<=till )|(?<=before )|(?<=around )|(?<=after )|(?<=from )|(?<=between )|(?<=about ))"
"""A word before a bare number that may make it an hour."""

_COUNTED_WITH = (
    r"(?:(?:divid|multipli|reduc|increas|lower|rais|differ)(?:ed|e|es|ing)?|multiply|cut|up|down|over|off|one|two|three|four|five|six|seven|eight"
    r"|nine|ten|times|percent|put|keep|leave|set|price|sell|selling|valued)(?: it| them| that| this)?"
)
_RECKONED = re.compile(rf"(?:\b{_COUNTED_WITH}|\d) (?:by|from|at|after|before) $")
"""Context of a number that is a count, not a time: 'one by one', 'divided by nine', 'put it at one'."""

_LOOSE = re.compile(r"(?:^|(?<!\bat) )(?:around|about|between|from) $")
_SCHEDULED = re.compile(
    r"\b(?:meet|meeting|call|start|starts|begin|begins|end|ends|come|arrive|arrives|leave|leaves|free|available|open|lunch|dinner|today"
    r"|tomorrow|tonight|o'?clock|[ap]\.?m|train|flight|appointment|session|slot|until|till)\b"
)
"""'About six' and 'between one and two' are hours only near these words."""

_DINNER = re.compile(r"\b(?:dinner|supper|drinks)\b[^.!?]*$")
_FOR_DINNER = re.compile(r" for (?:dinner|supper|drinks)\b")

Hour = tuple[time, bool]
"""The clock time, and whether am or pm was said (then it cannot be 12 hours later)."""

Resolver = Callable[[re.Match[str]], Hour | None]


def _number(text: str) -> int:
    text = text.removeprefix("oh ")
    return int(text) if text.isdigit() else int(value(text) or 0)


def _half_of(match: re.Match[str]) -> str:
    """Return 'am', 'pm' or '' from the words around a time."""
    groups = match.groupdict()
    if groups.get("half"):
        return "am" if groups["half"].startswith("a") else "pm"
    if groups.get("day"):
        return "am" if groups["day"] == "morning" else "pm"
    if groups.get("night"):
        return "pm"
    return ""


def _hour_of(hour: int, minute: int, half: str) -> Hour | None:
    found = calendar.hour_of_day(hour, minute, half)
    return (found, bool(half) or hour > 12) if found else None


def _plain(match: re.Match[str]) -> Hour | None:
    minute = match.groupdict().get("minute")
    hour = _number(match.group("hour"))
    half = _half_of(match)
    if half and not 1 <= hour <= 12:
        half = ""
    written = match.group("hour").startswith("0") or hour > 12
    return _hour_of(hour, _number(minute) if minute else 0, half or ("am" if written and hour < 12 else ""))


def _past_to(match: re.Match[str]) -> Hour | None:
    minutes = {"half": 30, "quarter": 15}.get(match.group("shift").removeprefix("a "), 0) or _number(match.group("shift"))
    hour = _number(match.group("hour"))
    if match.groupdict().get("side") in {"to", "of", "before"}:
        hour, minutes = (hour - 1 or 12), 60 - minutes
    return _hour_of(hour, minutes, _half_of(match))


def _named(match: re.Match[str]) -> Hour | None:
    return (time(0), True) if match.group("name") == "midnight" else (time(12), True)


_GRAMMAR: tuple[tuple[re.Pattern[str], Resolver], ...] = tuple(
    (re.compile(r"(?<![\w.,:$€£/-])(?:" + pattern + ")"), resolver)
    for pattern, resolver in (
        (rf"{_hour}(?:[:.](?P<minute>[0-5]\d))? ?{_half}", _plain),
        (rf"{_hour} (?P<minute>{_MINUTES}) ?(?:{_half}|{_daytime.strip()})", _plain),
        (rf"{_hour}(?: ?o'? ?clock)(?: ?{_half}|{_daytime})?", _plain),
        (rf"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?:{_daytime}| ?(?:hours|h)\b)?", _plain),
        (
            rf"(?P<shift>half|(?:a )?quarter) (?P<side>past|to|after|of|before) {_hour}"
            rf"(?![\w-])(?! (?:percent|euros?|dollars?|people))(?: ?{_half}|{_daytime})?",
            _past_to,
        ),
        (  # "five to three" alone may also be a score
            rf"(?:{_LED}|(?<=is )|(?<=it's )|^)(?P<shift>five|ten|twenty(?:[ -]five)?) (?P<side>past|to|after|before) {_hour}"
            rf"(?![\w-])(?! (?:percent|euros?|dollars?|people))(?: ?{_half}|{_daytime})?",
            _past_to,
        ),
        (
            rf"{_LED}{_hour}(?: (?P<minute>{_MINUTES}))?(?:{_daytime}|{_ends})",
            _plain,
        ),
        (rf"(?:(?<=\bat )|(?<=by )|(?<=until )|(?<=till ))(?P<shift>half) (?P<hour>{'|'.join(_HOUR_WORDS)}){_ends}", _past_to),
        (rf"(?:(?<=\bat )|(?<=until )|(?<=till )){_teen_hour} (?P<minute>{_MINUTES}){_ends}", _plain),
        (rf"(?P<hour>{'|'.join(_HOUR_WORDS)}|[1-9]|1[0-2]){_daytime}", _plain),
        (r"(?P<name>noon|midday|midnight)(?![a-z])", _named),
    )
)

_BARE = re.compile(rf"(?:{'|'.join(_HOUR_WORDS)}|\d\d?)(?: (?:{_MINUTES}))?")
_TRIGGERS = frozenset(
    [*_HOUR_WORDS, "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "noon", "midday", "midnight"]
)


def _is_count(low: str, match: re.Match[str]) -> bool:
    """Return whether a bare number after a preposition is more likely a count than a time."""
    if not _BARE.fullmatch(match.group()):
        return False
    head = low[: match.start()]
    return _RECKONED.search(head) is not None or (_LOOSE.search(head) is not None and _SCHEDULED.search(low) is None)


def _is_for_dinner(low: str, match: re.Match[str]) -> bool:
    """Return whether an hour is that of an evening meal: 'dinner at eight', 'at seven for drinks'."""
    return _DINNER.search(low, max(0, match.start() - 40), match.start()) is not None or _FOR_DINNER.match(low, match.end()) is not None


def times(low: str, words: frozenset[str], now: datetime, past: bool = False) -> Iterator[DateSpan]:
    """Yield times of day in a lower-case text, including overlapping ones.

    Args:
        words: the words of the text.
        now: local time.
        past: whether the talk is about the past.
    """
    if _TRIGGERS.isdisjoint(words) and DIGIT.search(low) is None:
        return
    for pattern, resolver in _GRAMMAR:
        for match in pattern.finditer(low):
            found = resolver(match)
            if found is not None and not _is_count(low, match):
                hour, sure = found if found[1] or not _is_for_dinner(low, match) else (calendar.within(found[0], "evening"), True)
                yield DateSpan(match.start(), match.end(), "time", calendar.nearest(now, hour, sure, past), hour, sure)
