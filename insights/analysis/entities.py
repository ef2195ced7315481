"""Entities of a message: a grammar for formatted values (email, URL, phone, money, percent, duration, date, number) and rules for names.

Offsets always refer to the message as given, also where the recogniser split a word ('to morrow').
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from insights.analysis.dates import find_dates
from insights.analysis.dates.numerals import DIGIT, NUMBER, PRICE, VALUES, value
from insights.analysis.dates.relative_durations import pointed
from insights.analysis.names.find_names import names
from insights.analysis.text.words import LONGEST, joined
from insights.analysis.types import EntityValue, FoundEntity, Person

_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"} | {
    word: code
    for code, words in {
        "USD": "dollar dollars bucks usd", "EUR": "euro euros eur", "GBP": "pound pounds quid gbp sterling", "JPY": "yen jpy",
        "CHF": "franc francs chf", "INR": "rupee rupees inr", "USD/100": "cent cents", "GBP/100": "pence penny",
    }.items()
    for word in words.split()
}  # fmt: skip
_currency = r"(?P<currency>" + "|".join(sorted((word for word in _CURRENCIES if word.isalpha()), key=len, reverse=True)) + r")(?![a-z])"
_UNITS = {
    "second": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "business day": 86400, "working day": 86400, "night": 86400,
    "week": 604800, "fortnight": 1209600, "month": 2629800, "quarter": 7889400, "year": 31557600, "decade": 315576000,
}  # fmt: skip
"""Seconds per unit; months and years are means."""
_unit = r"(?P<unit>" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")s?(?![a-z])"
_n = rf"(?P<n>{NUMBER})"
_AND_A_HALF = r" and a half(?! (?:dozen|hours?|days?|million|pages?)\b)"
_start = r"(?<![\w.,:$€£-])"

_Maker = Callable[[re.Match[str]], EntityValue | None]


def _mail(match: re.Match[str]) -> EntityValue | None:
    return {"email": match.group()}


def _spoken_mail(match: re.Match[str]) -> EntityValue | None:
    return {"email": re.sub(r" (?:at) ", "@", re.sub(r" (?:dot) ", ".", match.group()))}


def _url(match: re.Match[str]) -> EntityValue | None:
    text = match.group()
    return {"url": text if "://" in text else f"https://{text}"}


_NO_PHONE = re.compile(r"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d+|[\d.]+")
_PLAIN_PHONE = re.compile(r"\d{3}[-. ]\d{3}[-. ]\d{4}|0\d{9,11}")
"""Telephone numbers that consist of digits or of digits and dots only."""


def _phone(match: re.Match[str]) -> EntityValue | None:
    text = match.group()
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return {"phone": f"+{digits}"} if 7 <= len(digits) <= 15 else None
    if _PLAIN_PHONE.fullmatch(text) or (7 <= len(digits) <= 15 and not _NO_PHONE.fullmatch(text)):
        return {"phone": digits}
    return None


def _money(match: re.Match[str]) -> EntityValue | None:
    groups = match.groupdict()
    amount = value(groups["n"])
    code = _CURRENCIES.get(groups["currency"])
    if amount is None or code is None:
        return None
    if groups.get("cents"):
        amount += (value(groups["cents"]) or 0) / 100
    if code.endswith("/100"):
        amount, code = amount / 100, code[:3]
    return {"amount": round(amount, 2), "currency": code}


def _price(match: re.Match[str]) -> EntityValue | None:
    """'twelve fifty euros' is 12.50; a number of several words ('twenty five euros') is left to the plain form."""
    whole, part = value(match.group("whole")), value(match.group("part").removeprefix("oh "))
    code = _CURRENCIES[match.group("currency")]
    if whole is None or part is None or "/" in code:
        return None
    return {"amount": round(whole + part / 100, 2), "currency": code}


def _percent(match: re.Match[str]) -> EntityValue | None:
    number = value(match.group("n")) if match.group("n") else 0.5
    return None if number is None else {"percent": number}


_RATE = re.compile(r"(?:\d|\w(?:ty|teen)|one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|few|many|several) [a-z]+s $")
_SECOND_OF_MANY = re.compile(
    r" (?!or\b|and\b|to\b|of\b|please\b|ago\b|later\b|from\b|before\b|after\b|when\b|while\b|because\b|if\b|so\b|but\b|then\b|here\b"
    r"|there\b|now\b|i\b|we\b|you\b|he\b|she\b|it\b|every\w*\b|guys\b|u[hm]\b|yeah\b|okay\b|longer\b|left\b|each\b)[a-z]"
)


def _one(match: re.Match[str]) -> EntityValue | None:
    """Accept 'a day', but not 'fifty texts a day', 'a second presentation' or 'an hour glass'."""
    text, unit = match.string, match.group("unit")
    if text.startswith(" glass", match.end()) or _RATE.search(text, max(0, match.start() - 40), match.start()):
        return None
    return None if unit == "second" and _SECOND_OF_MANY.match(text, match.end()) else _duration(match)


_VAGUE = {"half": 0.5, "couple": 2.0, "few": 3.0, "several": 4.0, "a quarter": 0.25, "three quarters": 0.75}


def _duration(match: re.Match[str]) -> EntityValue | None:
    groups = match.groupdict()
    number = value(groups["n"]) if groups.get("n") else _VAGUE.get(groups.get("vague") or "", 1.0)
    if number is None:
        return None
    if groups.get("half") or groups.get("more"):
        number += 0.5
    return {"seconds": round(number * _UNITS[groups["unit"]], 3)}


def _number(match: re.Match[str]) -> EntityValue | None:
    """Parse a number; the word 'one' alone is usually not a number."""
    number = value(match.group("n"))
    return None if number is None or (number == 1 and not match.group().isdigit()) else {"number": number}


_DIGIT, _SPELLED, _AT, _DOT = "digit", "spelled", "@", "."

# Cheap test, type, pattern, value. Where spans overlap, earlier rules take precedence.
_GRAMMAR: tuple[tuple[str, str, re.Pattern[str], _Maker], ...] = tuple(
    (need, kind, re.compile(pattern), maker)
    for need, kind, pattern, maker in (
        (_AT, "email", r"[\w.+-]{1,64}@[a-z\d](?:[a-z\d-]{0,62}\.)+[a-z]{2,24}\b", _mail),
        (
            " at ",
            "email",
            r"(?<![\w.])[a-z][\w-]*(?:(?: dot |\.)[a-z][\w-]*){0,3} at [a-z][a-z\d-]*(?: dot [a-z\d-]+){0,2} dot (?:com"
            r"|org|net|de|edu|io|co|uk|ai|dev)\b",
            _spoken_mail,
        ),
        (
            _DOT,
            "url",
            r"(?<![\w@.])(?:https?://|www\.(?=[a-z\d])|(?=[a-z\d.-]{1,250}\.(?:com|org|net|io|dev|ai)(?![\w@-])))"
            r"[a-z\d.-]{2,250}(?::\d{1,5})?(?:/[^\s<>\"']{0,2000})?(?<![.,;:!?)\]])",
            _url,
        ),
        (
            _DIGIT,
            "phone",
            r"(?<![\w.,$€£+])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{1,5}(?:[ .-]\d{2,8}){1,5}(?![\w,]"
            r"|[.-]\d)|(?<![\w.,$€£])\+?\d{9,13}(?![\w%]|[.,]\d)",
            _phone,
        ),
        ("money", "money", rf"{_start}{PRICE}(?: us| american| canadian| british| swiss)? {_currency}", _price),
        ("money", "money", rf"(?P<currency>[$€£¥₹]) ?{_n}(?! ?(?:percent|%))", _money),
        ("money", "money", rf"(?<![\w.,:$€£])(?P<currency>usd|eur|gbp|chf|jpy) {_n}", _money),
        ("money", "money", rf"{_start}{_n} ?(?P<currency>[€£$])", _money),
        (
            "money",
            "money",
            rf"{_start}{_n}(?: us| u\.s\.| american| canadian| british| swiss)? {_currency}(?: (?:and"
            rf" )?(?P<cents>{NUMBER})(?: cents| pence)?(?! ?(?:percent|%|people|of|per|or|hours?|days?|weeks?"
            rf"|months?|years?|times)))?",
            _money,
        ),
        ("percent", "percent", rf"{_start}(?:half a|{_n}) ?(?:%|percent(?:age points)?\b|per cent\b)", _percent),
        ("unit", "duration", r"(?<!\w)(?P<vague>a quarter|three quarters) of an (?P<unit>hour)(?![a-z])", _duration),
        ("unit", "duration", rf"{_start}{_n}(?P<half> and a half)?[ -]{_unit}(?P<more>{_AND_A_HALF})?(?! old)", _duration),
        (
            "unit",
            "duration",
            r"(?<!\w)(?:(?<=within )the|(?:(?<=in )|(?<=within )|(?<=over )|(?<=during ))the next) (?P<unit>hour)(?![a-z'])"
            rf"(?P<half>{_AND_A_HALF})?",
            _duration,
        ),
        ("unit", "duration", r"(?<!\w)(?P<vague>half)(?: an?| of an)? (?P<unit>hour|day|year|minute)(?![a-z])", _duration),
        ("unit", "duration", rf"(?<!\w)(?:a )?(?P<vague>couple|few)(?: of)?(?: more)? {_unit}", _duration),
        ("unit", "duration", rf"(?<!\w)(?P<vague>several) {_unit}", _duration),
        (
            "unit",
            "duration",
            rf"(?<!\w)(?<!times )(?<!once )(?<!twice )(?<!euros )(?<!dollars )(?<!percent )an?"
            rf" {_unit.replace('s?', '')}(?P<half>{_AND_A_HALF})?",
            _one,
        ),
        (_DIGIT, "number", rf"{_start}{_n}(?![\w%]|[.,:/-]\d)", _number),
        (_SPELLED, "number", rf"(?<![\w-]){_n}(?![\w-])", _number),
    )
)
_NEEDS = frozenset(rule[0] for rule in _GRAMMAR)
_DATE_PLACE = next(place for place, rule in enumerate(_GRAMMAR) if rule[1] == "duration")
_MONEY_SIGN = re.compile(
    r"[$€£¥₹]|\b(?:dollars?|bucks|usd|euros?|eur|pounds?|quid|gbp|sterling|yen|jpy|francs?|chf|rupees?|inr|cents?|pence|penny)\b"
)
_UNIT_SIGN = re.compile(r"\b(?:seconds?|minutes?|mins?|hours?|days?|nights?|weeks?|fortnights?|months?|quarters?|years?|decades?)\b")
_SPELLED_SIGN = re.compile(r"\b(?:" + "|".join(sorted({*VALUES, "hundred", "thousand", "million", "billion"} - {"a", "an"})) + r")\b")


_ADDRESSES = ("email", "url", "phone")

MOST = 200
"""Maximum number of entities of one message, which keeps a page of digits from taking quadratic time."""


def extract(text: str, said_at: datetime, timezone_offset: int = 0, members: Sequence[Person] = ()) -> tuple[FoundEntity, ...]:
    """Return all entities of a message in order, without overlaps. Never raises; text[e.offset:e.end] == e.text for each."""
    clean, places = joined(text[:LONGEST])
    low = lower(clean)
    taken: list[FoundEntity] = []
    needed = {need: _needed(low, need) for need in _NEEDS}
    for place, (need, kind, pattern, maker) in enumerate(_GRAMMAR):
        if place == _DATE_PLACE:
            _take(taken, find_dates.find(low, said_at, timezone_offset))
        if needed[need]:
            _take(taken, _matches(low, kind, pattern, maker))
    _take(taken, names(clean, members))
    taken = [pointed(low, entity, said_at, timezone_offset) if entity.type == "duration" else entity for entity in taken]
    return tuple(_placed(entity, text, places) for entity in sorted(taken, key=lambda entity: entity.offset))


def addresses(low: str) -> list[FoundEntity]:
    """Return the e-mail addresses, URLs and telephone numbers of a text in lower case; they look the same in all languages."""
    taken: list[FoundEntity] = []
    for need, kind, pattern, maker in _GRAMMAR:
        if kind in _ADDRESSES and need != " at " and _needed(low, need):
            _take(taken, _matches(low, kind, pattern, maker))
    return taken


def lower(text: str) -> str:
    """Return the text in lower case with straight apostrophes, at the same length, so that offsets stay valid."""
    low = text.lower().replace("’", "'")
    return low if len(low) == len(text) else "".join(char.lower() if len(char.lower()) == 1 else char for char in text).replace("’", "'")


def _needed(low: str, need: str) -> bool:
    """Return whether a message can contain a match at all: a cheap test that skips most patterns for most messages."""
    if need == _DIGIT:
        return DIGIT.search(low) is not None
    if need == "money":
        return bool(_MONEY_SIGN.search(low))
    if need == "unit":
        return bool(_UNIT_SIGN.search(low))
    if need == "percent":
        return "%" in low or "percent" in low or "per cent" in low
    if need == _SPELLED:
        return bool(_SPELLED_SIGN.search(low))
    return need in low


def _matches(low: str, kind: str, pattern: re.Pattern[str], maker: _Maker) -> Iterator[FoundEntity]:
    for match in pattern.finditer(low):
        made = maker(match)
        if made is not None:
            yield FoundEntity(kind, match.group(), match.start(), made)


def _take(taken: list[FoundEntity], found: Iterator[FoundEntity] | Sequence[FoundEntity]) -> None:
    """Add the entities that do not overlap earlier ones, up to MOST."""
    for entity in found:
        if len(taken) >= MOST:
            return
        if entity.text and all(entity.end <= other.offset or entity.offset >= other.end for other in taken):
            taken.append(entity)


def _placed(entity: FoundEntity, text: str, places: Sequence[int]) -> FoundEntity:
    """Return the entity with its text and offset in the original message."""
    start, end = places[entity.offset], places[entity.end - 1] + 1
    return FoundEntity(entity.type, text[start:end], start, entity.value)
