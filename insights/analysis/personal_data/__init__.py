"""Personal data in a message: who a person is, how to reach, identify or charge them. Pure: no Django, no I/O.

The categories are those of Symbl's documentation ("Redacting PII and PCI data"), with places and unknown codes besides. Values are found as
recognisers write them: in digits, in words, digit by digit, spelled, and in mixtures. Most categories need a cue before the value ("my PIN
is ..."), because the same digits mean different things.
"""

import re
from collections.abc import Sequence

from insights.analysis import entities
from insights.analysis.personal_data.by_form import account_numbers, addresses, ages, dates, unknown_numbers
from insights.analysis.personal_data.codes import codes, numbers
from insights.analysis.personal_data.contacts import internet_addresses, people
from insights.analysis.personal_data.cued import CUE_WORDS, cued, swift_codes
from insights.analysis.personal_data.date_phrases import date_phrases
from insights.analysis.personal_data.types import Category, PersonalData
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Entity

__all__ = ["Category", "PersonalData", "find", "with_personal_data"]

_OF_ENTITY = {category.entity_type: category for category in Category if category not in (Category.DATE, Category.NUMBER)}
_ANY_SIGN = re.compile(
    r"\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{3,5}teen|twenty|thirty|forty|fifty|sixty|seventy|eighty"
    r"|ninety|born|birthday|swift|bic)\b"
)


def find(text: str, found: Sequence[Entity]) -> list[PersonalData]:
    """Return the personal data of a message in order; spans may overlap, the more specific one first where they start together.

    Args:
        text: the message; only its first LONGEST characters are searched.
        found: its entities (`entities.extract`), which tell names, places, addresses on the internet, telephone numbers and dates.
    """
    text = text[:LONGEST]
    low = entities.lower(text)
    runs, spelled, phrases = numbers(low), codes(CUE_WORDS.sub(lambda match: " " * len(match.group()), text)), date_phrases(low)
    spans = [
        *cued(low, runs, spelled, phrases),
        *swift_codes(text, spelled),
        *account_numbers(text, runs),
        *ages(low),
        *addresses(text),
        *internet_addresses(low),
        *dates(low, phrases, found),
        *people(text),
        *(PersonalData(one.offset, one.end, _OF_ENTITY[one.type]) for one in found if one.type in _OF_ENTITY),
        *unknown_numbers(low, runs, found, phrases),
    ]
    return sorted(spans, key=lambda span: span.start)


def with_personal_data(text: str, found: Sequence[Entity]) -> tuple[Entity, ...]:
    """Return the entities of a message, with typed personal data such as an SSN in place of the numbers and dates that it consists of.

    Types that `entities.extract` has itself stay as they are. A message without any number is not searched.
    """
    if not _ANY_SIGN.search(entities.lower(text)):
        return tuple(found)
    typed: list[Entity] = []
    for one in find(text, found):
        if one.category.entity_type == one.category and all(one.end <= other.offset or one.start >= other.end for other in typed):
            words = text[one.start : one.end]
            typed.append(Entity(one.category.value, words, one.start, {"value": words}))
    kept = [one for one in found if all(one.end <= other.offset or one.offset >= other.end for other in typed)]
    return tuple(sorted([*kept, *typed], key=lambda entity: entity.offset))
