"""Personal data in a message: who a person is, how to reach, identify or charge them. Pure: no Django, no I/O.

The categories are those of Symbl's documentation ("Redacting PII and PCI data"), with places and unknown codes besides. Values are found as
recognisers write them: in digits, in words, digit by digit, spelled, and in mixtures. Most categories need a cue before the value ("my PIN
is ..."), because the same digits mean different things.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from insights.analysis import entities
from insights.analysis.personal_data.by_form import account_numbers, addresses, ages, dates, unknown_numbers
from insights.analysis.personal_data.categories import (
    CATEGORIES,
    LIVE_TYPES,
    Category,
    category_named,
    category_of,
    types_without,
)
from insights.analysis.personal_data.codes import codes, numbers, with_capital_letters, without_words_between
from insights.analysis.personal_data.contacts import internet_addresses, people
from insights.analysis.personal_data.cued import CUE_WORDS, cued, swift_codes
from insights.analysis.personal_data.date_phrases import date_phrases
from insights.analysis.personal_data.ibans import spoken_ibans
from insights.analysis.personal_data.lower_case import has_no_capitals, lower_case_addresses, lower_case_people
from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind
from insights.analysis.text.words import LONGEST
from insights.analysis.types import FoundEntity, Person
from insights.snapshots import CUSTOM

__all__ = [
    "CATEGORIES",
    "CUSTOM",
    "LIVE_TYPES",
    "UNKNOWN",
    "Category",
    "PersonalDataKind",
    "PersonalData",
    "Span",
    "category_named",
    "category_of",
    "find",
    "masked",
    "merged",
    "spans_of",
    "types_without",
    "with_personal_data",
]

Span = tuple[int, int, str]
"""Start and end offset (end exclusive), and type."""

UNKNOWN = "unknown"
"""The type of spans that could not be searched. They are always hidden."""

_OF_ENTITY = {
    str(kind): kind
    for kind in (
        PersonalDataKind.PERSON_NAME,
        PersonalDataKind.LOCATION,
        PersonalDataKind.EMAIL_ADDRESS,
        PersonalDataKind.PHONE_NUMBER,
        PersonalDataKind.DOMAIN_NAME,
        PersonalDataKind.MONEY,
    )
}
_OF_THE_GRAMMAR = frozenset({"person", "location", "email", "phone", "url", "date", "money", "number"})
"""The kinds that `entities.extract` finds itself."""
_ANY_SIGN = re.compile(
    r"\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{3,5}teen|twenty|thirty|forty|fifty|sixty|seventy|eighty"
    r"|ninety|born|birthday|swift|bic)\b"
)

_JOINT = re.compile(r"(?<=[^\W\d_])[-_./](?=[^\W\d_])")
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:[-_./][^\W\d_]++)+")
"""Several words written as one, such as 'Maria-Lopez'."""


def find(text: str, found: Sequence[FoundEntity]) -> list[PersonalData]:
    """Return the personal data of a message, the more specific kinds first; spans may overlap.

    Args:
        text: the message; only its first LONGEST characters are searched.
        found: its entities (`entities.extract`), for names, places, addresses on the internet, telephone numbers and dates.
    """
    text = text[:LONGEST]
    low = entities.lower(text)
    said = without_words_between(text)
    quiet = entities.lower(said)
    runs, phrases = numbers(quiet), date_phrases(low)
    spelled = codes(with_capital_letters(CUE_WORDS.sub(lambda match: "," * len(match.group()), said)))
    plain = has_no_capitals(text)
    return [
        *cued(low, runs, spelled, phrases),
        *spoken_ibans(quiet),
        *swift_codes(text, spelled),
        *account_numbers(text, runs),
        *ages(low),
        *addresses(text),
        *internet_addresses(low),
        *dates(low, phrases, found),
        *(lower_case_addresses(low) if plain else ()),
        *people(text),
        *(lower_case_people(low) if plain else ()),
        *(PersonalData(one.offset, one.end, _OF_ENTITY[one.type]) for one in found if one.type in _OF_ENTITY),
        *unknown_numbers(low, runs, found, phrases),
    ]


def spans_of(text: str, at: datetime, timezone_offset: int, members: Sequence[Person], hidden: Collection[str]) -> list[Span]:
    """Return the spans of the types `hidden`, in order; no two of them touch. Text that cannot be searched is one span of type UNKNOWN.

    A span within one of a more specific kind belongs to that kind: the digits of an SSN that is not hidden are not hidden as a number.
    """
    found = entities.extract(text, at, timezone_offset, members)
    if len(found) >= entities.MOST:  # the search stopped at its limit, so the rest is unchecked
        return [(0, len(text), UNKNOWN)]
    own: list[PersonalData] = []
    for one in find(text, found):
        if not any(other.start <= one.start and one.end <= other.end for other in own):
            own.append(one)
    spans: list[Span] = [(one.start, one.end, str(one.kind)) for one in own if one.kind in hidden]
    spans += _names_in_compounds(text, at, timezone_offset, members, hidden)
    if len(text) > LONGEST:  # the analysis does not look further
        spans.append((LONGEST, len(text), UNKNOWN))
    return merged(spans)


def with_personal_data(text: str, found: Sequence[FoundEntity]) -> tuple[FoundEntity, ...]:
    """Return the entities of a message, with typed personal data such as an SSN in place of the numbers and dates that it consists of.

    Kinds that `entities.extract` has itself stay as they are. A message without any number is not searched.
    """
    if not _ANY_SIGN.search(entities.lower(text)):
        return tuple(found)
    typed: list[FoundEntity] = []
    for one in find(text, found):
        if one.kind not in _OF_THE_GRAMMAR and all(one.end <= other.offset or one.start >= other.end for other in typed):
            words = text[one.start : one.end]
            typed.append(FoundEntity(str(one.kind), words, one.start, {"value": words}))
    kept = [one for one in found if all(one.end <= other.offset or one.offset >= other.end for other in typed)]
    return tuple(sorted([*kept, *typed], key=lambda entity: entity.offset))


def _names_in_compounds(
    text: str, at: datetime, timezone_offset: int, members: Sequence[Person], hidden: Collection[str]
) -> Iterator[Span]:
    """Yield the spans of names inside compounds such as 'Maria-Lopez', found by reading the joints as spaces.

    If all parts are capitalised, the whole word is redacted ('Anna-Maria'); otherwise only names of members are ('Maria-led').
    """
    compounds = list(_COMPOUND.finditer(text, 0, LONGEST))
    if not compounds:
        return
    found = entities.extract(_JOINT.sub(" ", text), at, timezone_offset, members)
    if len(found) >= entities.MOST:
        yield (0, len(text), UNKNOWN)
        return
    for entity in found:
        if entity.type not in {"person", "location"} or entity.type not in hidden:
            continue
        touched = [word for word in compounds if word.start() < entity.end and entity.offset < word.end()]
        whole = [word for word in touched if all(part[0].isupper() for part in re.split(r"[-_./]", word.group()))]
        if whole or (touched and "userId" in entity.value):
            start = min([entity.offset, *(word.start() for word in whole)])
            yield (start, max([entity.end, *(word.end() for word in whole)]), entity.type)


def merged(spans: Collection[Span]) -> list[Span]:
    """Return the spans in order, with those that touch or overlap joined."""
    joined: list[Span] = []
    for start, end, kind in sorted(spans):
        if joined and start <= joined[-1][1]:
            first, last, before = joined[-1]
            joined[-1] = (first, max(last, end), kind if before == "number" else before)
        else:
            joined.append((start, end, kind))
    return joined


def masked(text: str, spans: Sequence[Span], mask: str, start: int = 0, end: int | None = None) -> str:
    """Return text[start:end] with each span removed; the mask is written where a span begins."""
    end = len(text) if end is None else end
    kept, at = "", start
    for first, last, _ in spans:
        if first >= end:
            break
        if last > start:
            kept += text[at : max(first, at)] + (mask if first >= start else "")
            at = max(at, last)
    return kept + text[at:end]
