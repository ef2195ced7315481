"""Values that mean something because of the words before them: "my PIN is 4821", "born on the third of May"."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from insights.analysis.personal_data.codes import Code
from insights.analysis.personal_data.date_phrases import DatePhrase
from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind

CUE_REACH = 60
"""Characters between the end of a cue and its value, at most."""
CUE_WORDS = re.compile(
    r"(?<!\w)(?:SWIFT|BIC|IBAN|PIN|CVV|CVC|SSN|ABA|DOB|DL|ACH|US|UK|ID)(?!\w)|(?<!\w)(?i:c v [vc]|s s n|d o b|d l)(?!\w)"
)
"""Words in capitals that are no part of a code."""


@dataclass(frozen=True, slots=True)
class _Cue:
    """Words that announce a value of a kind, and the number of digits (or of characters of a code) that it has."""

    kind: PersonalDataKind
    pattern: re.Pattern[str]
    fewest: int
    most: int
    spelled: bool = False
    """Whether the value may have letters."""


def _cue(kind: PersonalDataKind, words: str, fewest: int, most: int, spelled: bool = False) -> _Cue:
    return _Cue(kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)"), fewest, most, spelled)


_CUES = (
    _cue(
        PersonalDataKind.CVV,
        r"cvv2?(?: two)?|cvc2?|c v [vc]|cv code|card code"
        r""
        r"|(?:three|four) digit (?:code|number)|signature (?:strip|panel)|back says|card verification (?:value|code|number)"
        r"|verification code on the card"
        r"|(?:card )?security (?:code|number|digits)"
        r"|(?:digits?|digit number|code|number) on the back|back of the card|on the back(?: it is)?|code next to the signature",
        3,
        4,
    ),
    _cue(PersonalDataKind.PIN, r"pins?|pin code|pin number|personal identification number", 4, 6),
    _cue(PersonalDataKind.SSN, r"(?:social security|socials?|ssn|s s n)(?: numbers?)?", 9, 9),
    _cue(
        PersonalDataKind.SSN,
        r"(?:last four|last four digits|last 4)(?: of)? (?:the |my |your |his |her )?(?:social\w*|ssn)|ssn ends in|social ends in",
        4,
        4,
    ),
    _cue(PersonalDataKind.IBAN, r"ibans?", 15, 34, spelled=True),
    _cue(PersonalDataKind.ROUTING_NUMBER, r"routing(?: and transit)?|aba|transit number", 9, 9),
    _cue(
        PersonalDataKind.BANK_ACCOUNT_NUMBER,
        r"(?:bank |checking |savings |joint |business |deposit |old )*account(?: number)?|acct\.?(?: number)?",
        5,
        17,
    ),
    _cue(PersonalDataKind.PASSPORT_NUMBER, r"passports?", 6, 12, spelled=True),
    _cue(
        PersonalDataKind.DRIVERS_LICENSE,
        r"(?:driver'?s?'?|driving) licen[cs]e|licen[cs]e,? number|d ?l(?: number)?|(?:my|his|her|your|the) (?:\w+ ){0,2}licen[cs]e",
        6,
        20,
        spelled=True,
    ),
    _cue(
        PersonalDataKind.CREDIT_CARD_NUMBER,
        r"(?:credit |debit |company |virtual |new |other |lost )*cards?|visa|mastercard|amex|american express",
        12,
        19,
    ),
    _cue(
        PersonalDataKind.PHONE_NUMBER,
        r"call(?: me| us| him| her| back)?|phone|telephone|mobile|cell|landline|hotline|fax|text(?: me)?|dial|ring|whatsapp"
        r"|(?:my|his|her|our|their|your|contact|office|other) number|number is|reach (?:me|us|him|her)"
        r"|number's|calling from|callback(?: number)?|area code|new number",
        7,
        15,
    ),
)
_EXPIRATION = re.compile(
    r"(?<!\w)(?:expir(?:es?|ed|y|ing|ation)|exp|valid (?:thru|through|until|till|to)|valid from \S{1,10} (?:until|till|to|through)"
    r"|good (?:thru|through|until|till)|date on the card"
    r"|runs out)(?!\w)"
)
_BIRTH = re.compile(r"(?<!\w)(?:born|birth ?days?|birth ?dates?|date of birth|d[. ]?o[. ]?b)(?!\w)")
_SWIFT = re.compile(r"(?<!\w)(?:swift|bic|bank identifier code)(?!\w)", re.IGNORECASE)
_SWIFT_CODE = re.compile(r"(?<!\w)[A-Z]{4} ?[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?!\w)")
_UNIT = re.compile(
    r"[ -]?(?:percent|%|dollars?|euros?|pounds?|people|times|minutes?|hours?|days?|weeks?|months?|seconds?|lines|pages|miles|km)\b"
)


def cued(low: str, runs: Sequence[Code], spelled: Sequence[Code], phrases: Sequence[DatePhrase]) -> Iterator[PersonalData]:
    """Yield the values that follow a cue.

    Args:
        low: the message in lower case.
        runs: its numbers.
        spelled: its codes of letters and digits.
        phrases: its date phrases.
    """
    for cue in _CUES:
        for match in cue.pattern.finditer(low):
            value = _value(low, match.end(), spelled if cue.spelled else runs, cue)
            if value is not None:
                yield PersonalData(value.start, value.end, cue.kind)
    for pattern, kind, fits in (
        (_EXPIRATION, PersonalDataKind.CARD_EXPIRATION_DATE, DatePhrase.is_month_and_year),
        (_BIRTH, PersonalDataKind.DATE_OF_BIRTH, DatePhrase.is_birth_date),
    ):
        for match in pattern.finditer(low):
            yield from (PersonalData(one.start, one.end, kind) for one in _after(match.end(), phrases, fits))


def _value(low: str, at: int, values: Sequence[Code], cue: _Cue) -> Code | None:
    """Return the first value that follows a cue, with a length that the cue's kind has, and that counts nothing."""
    for value in values:
        if value.start >= at and value.start - at <= CUE_REACH and cue.fewest <= len(value.text) <= cue.most:
            if cue.spelled and sum(map(str.isdigit, value.text)) < 2:
                continue
            if not _UNIT.match(low, value.end):
                return value
    return None


def _after(at: int, phrases: Sequence[DatePhrase], fits: Callable[[DatePhrase], bool]) -> Iterator[DatePhrase]:
    for phrase in phrases:
        if phrase.start >= at and phrase.start - at <= CUE_REACH and fits(phrase):
            yield phrase
            return


def swift_codes(text: str, spelled: Sequence[Code]) -> Iterator[PersonalData]:
    """Yield the codes of banks (ISO 9362) that follow a cue: eight or eleven capitals and digits, written or spelled."""
    for cue in _SWIFT.finditer(text):
        code = _SWIFT_CODE.search(text[: cue.end() + CUE_REACH], cue.end())
        letters = next((one for one in spelled if 0 <= one.start - cue.end() <= CUE_REACH and len(one.text) in (8, 11)), None)
        if code is not None:
            yield PersonalData(code.start(), code.end(), PersonalDataKind.SWIFT_CODE)
        elif letters is not None:
            yield PersonalData(letters.start, letters.end, PersonalDataKind.SWIFT_CODE)
