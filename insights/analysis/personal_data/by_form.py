"""Values that are found by their form: numbers of cards, IBANs, ages, street addresses, dates, and long numbers of unknown meaning."""

import re
from collections.abc import Iterator, Sequence

from insights.analysis.personal_data.codes import Code
from insights.analysis.personal_data.date_phrases import DatePhrase
from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind
from insights.analysis.types import FoundEntity

_SSN_FORM = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])|(?<![\w-])\d{3} \d{2} \d{4}(?! ?\d)")
_IBAN_FORM = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")


def account_numbers(text: str, runs: Sequence[Code]) -> Iterator[PersonalData]:
    """Yield social security numbers and IBANs in their written form, and numbers of cards.

    The check digit of a card is not tested: one misheard digit breaks it.
    """
    for match in _SSN_FORM.finditer(text):
        yield PersonalData(match.start(), match.end(), PersonalDataKind.SSN)
    for match in _IBAN_FORM.finditer(text):
        if 15 <= len(match.group().replace(" ", "")) <= 34:
            yield PersonalData(match.start(), match.end(), PersonalDataKind.IBAN)
    for run in runs:
        if 13 <= len(run.text) <= 19:
            yield PersonalData(run.start, run.end, PersonalDataKind.CREDIT_CARD_NUMBER)


_ONES = "one|two|three|four|five|six|seven|eight|nine"
_YEARS = (
    r"(?:\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:" + _ONES + r"))?"
    r"|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|" + _ONES + ")"
)
_FAMILY = (
    r"(?:oldest |youngest |little |big |older |younger )?(?:mother|mom|mum|father|dad|son|daughter|husband|wife|partner|brother"
    r"|sister|child|kid|baby"
    r"|boy|girl|grandmother|grandfather|grandma|grandpa|grandson|granddaughter|uncle|aunt|cousin|niece|nephew|neighbou?r|friend|boss)"
)
_PERSON = (
    rf"i|he|she|(?:my|his|her|our|your|their) {_FAMILY}|the (?:patient|applicant|insured|suspect|caller|child|baby|boy|girl|man|woman)"
)
_AGES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\w)(?P<age>{_YEARS}(?: and (?:a half|{_YEARS}))?[ -](?:years?|months?|weeks?)(?:[ -]old| of age))(?!\w)"
        r"(?! (?:problem|code|company|building|bug|car|house|version"
        r"|whisky|whiskey|wine|bottle|tree|system|machine|device|laptop|phone|computer"
        r"|contract|plan|loan|roof|bike|engine))",
        rf"(?<!\w)(?:aged|age|age of|age is|at age|at the age of) (?P<age>{_YEARS})(?!\w)",
        rf"(?<!\w)age\? (?P<age>{_YEARS})(?!\w)",
        rf"(?<!\w)(?P<age>(?:a|one) hundred (?:and )?(?:{_YEARS} )?years? old)(?!\w)",
        rf"(?<!\w)(?:{_PERSON}) (?:is|was|am) (?P<age>{_YEARS})(?= (?:when|and a half|he|she|now|no)\b)",
        rf"(?<!\w)(?:i'm|he's|she's) (?P<age>{_YEARS}) (?:going on {_YEARS}|um|uh|no)(?!\w)",
        r"(?<!\w)in (?:my|his|her|their) (?:early |mid |late )?(?P<age>teens|twenties|thirties|forties"
        r"|fifties|sixties|seventies|eighties|nineties)(?!\w)",
        rf"(?<!\w)(?:turned|turn|turns|turning) (?P<age>{_YEARS})(?!\w|[ -](?:into|over|percent|pages?))",
        rf"(?<!\w)(?:i'm|i am|he's|he is|she's|she is|(?:{_PERSON}) (?:is|was)) (?P<age>{_YEARS})"
        r"(?=[,.!?](?!\d)|$| and a half| now| years?\b)",
        rf"(?<!\w)(?:i'll be|(?:he|she)'ll be|(?:i|he|she) will be) (?P<age>(?:\d\d|{_YEARS}))(?= (?:next|this|in)\b)",
    )
)
_THING_IS_OLD = re.compile(
    r"(?:company|building|house|code|system|car|server|software|version|bug|problem|product|brand|school|city|law)(?:'s| is| was) $"
)


_SUBJECT = re.compile(
    rf"(?<!\w)(?:the|this|that|our) (?P<noun>(?!{_FAMILY}(?!\w)|age|oldest|youngest|eldest|patient|applicant|insured|suspect|caller"
    r"|man|woman|lady|guy|person"
    r"|teacher|driver|student|girlfriend|boyfriend|twins|kids|children|parents)[a-z]+)(?:'s| is| are| was| were)"
    r"(?: about| nearly| almost| only| already| over)? $"
)
"""Things before 'is twelve years old'."""


def ages(low: str) -> Iterator[PersonalData]:
    """Yield ages of people."""
    for pattern in _AGES:
        for match in pattern.finditer(low):
            before = low[max(0, match.start() - 40) : match.start("age")]
            if not _THING_IS_OLD.search(before) and not _SUBJECT.search(before):
                yield PersonalData(match.start("age"), match.end("age"), PersonalDataKind.AGE)


_SUFFIX = (
    r"(?:[Ss]treet|St|[Aa]venue|Ave|[Rr]oad|Rd|[Ll]ane|Ln|[Dd]rive|Dr|[Bb]oulevard|Blvd|[Cc]ourt|Ct|[Pp]lace|Pl|[Ss]quare|[Tt]errace|[Ww]ay"
    r"|[Cc]rescent|[Cc]lose|[Pp]arkway|Pkwy|[Gg]ardens|[Ll]oop|[Aa]lley|[Ww]alk|[Rr]ow|[Mm]ews|[Cc]ircle|[Hh]ill)"
)
_HOUSE = (
    r"(?:\d{1,5}[A-Za-z]?|(?i:(?:(?:"
    + _ONES
    + r"|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|hundred|and|oh)[ -]){1,6}))"
)
_ADDRESSES = (
    re.compile(
        rf"(?<![\w.,])(?:{_HOUSE}) ?(?:(?:[A-Z][\w.'’]*|\d{{1,3}}(?:st|nd|rd|th)|of|the) ){{1,4}}{_SUFFIX}(?!\w)\.?"
        r"(?: (?:North|South|East|West))?(?:,? (?:(?:[Aa]partment|[Aa]pt|[Ss]uite|[Uu]nit|[Ff]lat) \w{1,6}))?"
        r"(?:, [A-Z][a-z]+(?: [A-Z][a-z]+)?(?=[.,]|$))?(?:,? [A-Z]{2} \d{5})?"
    ),
    re.compile(r"(?<![\w.,])\d{1,5} (?:Highway|Route|Interstate) \d{1,4}(?!\w)"),
    re.compile(r"(?<!\w)(?i:p\.? ?o\.? box) (?:\d{1,7}|(?i:(?:" + _ONES + r"|zero|oh)(?: (?:" + _ONES + r"|zero|oh)){0,6}))(?!\w)"),
)


def addresses(text: str) -> Iterator[PersonalData]:
    """Yield street addresses and post office boxes."""
    for pattern in _ADDRESSES:
        for match in pattern.finditer(text):
            yield PersonalData(match.start(), match.end(), PersonalDataKind.ADDRESS)


_HOLIDAY = re.compile(
    r"(?<!\w)(?:christmas(?: eve| day)?|thanksgiving(?: day)?|new year'?s(?: eve| day)?|easter(?: sunday| monday)?|good friday|halloween"
    r"|(?:labou?r|memorial|independence|presidents'?|veterans'?|columbus|boxing|mother's|father's|valentine'?s"
    r"|st\.? patrick'?s|saint patrick'?s"
    r"|martin luther king|mlk|canada|bastille) day|juneteenth|hanukkah|ramadan|diwali|passover"
    r"|yom kippur|cinco de mayo|fourth of july)(?!\w)"
)
_ABSOLUTE = re.compile(r"\d[/.-]\d|january|february|march|april|\bmay\b|june|july|august|september|october|november|december|holiday")


def dates(low: str, phrases: Sequence[DatePhrase], found: Sequence[FoundEntity]) -> Iterator[PersonalData]:
    """Yield days of the calendar and holidays. Relative dates ("tomorrow", "on Monday") reveal nothing without the day of the call."""
    for match in _HOLIDAY.finditer(low):
        yield PersonalData(match.start(), match.end(), PersonalDataKind.DATE)
    for phrase in phrases:
        if phrase.is_calendar_date():
            yield PersonalData(phrase.start, phrase.end, PersonalDataKind.DATE)
    for entity in found:
        if entity.type in ("date", "datetime", "daterange") and _ABSOLUTE.search(low, entity.offset, entity.end):
            yield PersonalData(entity.offset, entity.end, PersonalDataKind.DATE)


LEAST_DIGITS = 4
_TIMES = frozenset({"date", "time", "datetime", "daterange"})
_CODE = re.compile(r"(?<!\w)\w++(?:[-.,]\w++)*")
"""Letters and digits in one word, as in '1234x' or 'C01-X00'.

Runs are possessive, groups are not: in early releases of Python 3.11 the match keeps what the last, failed iteration of such a group
consumed.
"""
_DECADE = re.compile(r"(?:[a-z]+-)?(?:19|20)\d0s")
_CODE_CUE = re.compile(r"(?<!\w)(?:code|number|id|reference|ref|zip|ticket|order|ending in|ends in)(?: (?:is|was|are))?[,:]? $")


_OF_THING = re.compile(
    r"(?<!\w)(?:item|part|page|room|model|version|issue|bug|chapter|slide|line|gate|platform|route|highway|bus|train|flight|section|figure|table)"
    r"(?: (?:number|no\.?))?(?: (?:is|was))?:? $"
)
"""Before the number of a thing that is no person's."""


def _is_counting(digits: str) -> bool:
    """Return whether somebody counts, as in 'one two three four' or 'one two one two': each digit is next to the one before."""
    return len(digits) <= 10 and all(abs(int(one) - int(other)) == 1 for one, other in zip(digits, digits[1:], strict=False))


def unknown_numbers(low: str, runs: Sequence[Code], found: Sequence[FoundEntity], phrases: Sequence[DatePhrase]) -> Iterator[PersonalData]:
    """Yield numbers that are no quantity: with seven digits, with four said one by one, after "code" or "number", or mixed with letters."""
    dates = [(one.offset, one.end) for one in found if one.type in _TIMES]
    dates += [(one.start, one.end) for one in phrases if one.is_calendar_date()]
    for run in runs:
        if len(run.text) < LEAST_DIGITS or run.is_year or any(start <= run.start and run.end <= end for start, end in dates):
            continue
        if _is_counting(run.text) or _OF_THING.search(low, max(0, run.start - 30), run.start):
            continue
        if run.one_by_one or (len(run.text) >= 7 and not run.is_quantity) or _CODE_CUE.search(low, max(0, run.start - 30), run.start):
            yield PersonalData(run.start, run.end, PersonalDataKind.NUMBER)
    for match in _CODE.finditer(low):
        outside = "".join(low[at] for at in range(match.start(), match.end()) if not any(start <= at < end for start, end in dates))
        mixed = any(map(str.isalpha, outside)) and not _DECADE.fullmatch(match.group())
        if mixed and sum(map(str.isdecimal, outside)) >= LEAST_DIGITS:
            yield PersonalData(match.start(), match.end(), PersonalDataKind.NUMBER)
