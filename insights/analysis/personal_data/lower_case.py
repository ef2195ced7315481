"""Names and street addresses in text without capitals, as some recognisers write all text. Pure."""

import re
from collections.abc import Iterator

from insights.analysis.names.english import is_english
from insights.analysis.names.proper_nouns import FIRST_NAMES
from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind
from insights.analysis.text.words import FILLERS, STOP_WORDS

_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
    "|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_HOUSE = rf"(?:\d{{1,5}}[a-z]?|(?:number )?(?:{_NUMBERS})(?:[ -](?:{_NUMBERS}|hundred|thousand|and|oh|double)){{0,6}})"
_NAMED = (
    "street|avenue|road|lane|drive|boulevard|court|crescent|square|terrace|parkway|gardens|highway|grove|mews|close|place|way|hill|circle"
    "|wood|loop"
)
_STREET = re.compile(
    rf"(?<![\w.,-])(?P<house>{_HOUSE}) (?P<name>(?:(?:north|south|east|west) )?[a-z][\w']*(?: [a-z][\w']*)??"
    rf"|(?:north |south |east |west )?(?:(?:twenty|thirty|forty) )?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
    rf"|tenth)) (?:{_NAMED})(?!\w)"
    r"(?: (?:north|south|east|west))?"
)
_FOREIGN = re.compile(
    rf"(?<![\w.,-])(?:{_HOUSE} (?:rue|via|calle|avenida|piazza|plaza)(?: [a-z]+){{1,3}}"
    rf"|{_HOUSE} [a-z]+(?:strasse|straße|gasse|weg|platz))(?!\w)"
)
_NO_STREET = frozenset(
    [
        "percent",
        "dollars",
        "euros",
        "pounds",
        "people",
        "times",
        "minutes",
        "hours",
        "days",
        "weeks",
        "months",
        "years",
        "pages",
        "miles",
        "new",
        "more",
        "different",
        "other",
        "big",
        "small",
        "long",
        "short",
        "open",
        "city",
        "main",
        "busy",
        "good",
        "bad",
        "better",
        "best",
        "easy",
        "hard",
        "only",
        "point",
        "story",
        "car",
        "way",
    ]
)
"""Words behind a number that is no house number: 'three new road signs'."""

_NAME = re.compile(r"[a-z][a-z'-]+")
_INTRODUCED = re.compile(
    r"(?<!\w)(?:(?:first |last |full |maiden |middle )name(?:'s| is| was)?|name(?:'s| is| was)|mister|missus|mrs|mr|ms|sir|madam"
    r"|speaking (?:with|to)|on behalf of|is called) (?=[a-z])"
)
_TITLE = re.compile(r"(?<!\w)(?:miss|doctor|professor|nurse|officer) (?=[a-z])")
"""Titles that are followed by other words, too: 'miss the train'."""
_PARTICLES = frozenset(["van", "von", "de", "der", "den", "da", "del", "la", "el", "bin", "al"])
_MOST = 3


def has_no_capitals(text: str) -> bool:
    """Return whether capitals say nothing in a text."""
    return not any(char.isupper() for char in text)


def lower_case_people(low: str) -> Iterator[PersonalData]:
    """Yield names: after the words that introduce one, and first names that are no other word, with the last name behind them."""
    for match in _INTRODUCED.finditer(low):
        yield from _name(low, match.end(), rare=False)
    for match in _TITLE.finditer(low):
        yield from _name(low, match.end(), rare=True)
    for word in _NAME.finditer(low):
        if word.group() in FIRST_NAMES and not is_english(word.group()) and not _is_compound(low, word.start(), word.end()):
            yield from _name(low, word.start(), rare=True)


def _name(low: str, start: int, *, rare: bool) -> Iterator[PersonalData]:
    """Yield the name that begins here, if any.

    `rare`: only first names and words that are no English words are part of it. Otherwise the first word may be any word, and so may the
    one behind a first name.
    """
    end, at, count, after_first = start, start, 0, False
    while count < _MOST and (word := _NAME.match(low, at)):
        text = word.group().removesuffix("'s")
        if text not in _PARTICLES:
            stops = text in STOP_WORDS or text in FILLERS or _is_compound(low, word.start(), word.end())
            if stops or (text not in FIRST_NAMES and is_english(text) and (rare or (count and not after_first))):
                break
            after_first = text in FIRST_NAMES
            count += 1
            end = word.start() + len(text)
        if low[word.end() : word.end() + 1] != " ":
            break
        at = word.end() + 1
    if count:
        yield PersonalData(start, end, PersonalDataKind.PERSON_NAME)


def _is_compound(low: str, start: int, end: int) -> bool:
    """Return whether a word is part of an address on the internet."""
    return (
        low[end : end + 4] == " dot"
        or low[end : end + 1] in {"@", ".", "_"}
        and low[end + 1 : end + 2].isalnum()
        or low[start - 1 : start] in {"@", "."}
    )


def lower_case_addresses(low: str) -> Iterator[PersonalData]:
    """Yield street addresses."""
    for match in _STREET.finditer(low):
        between = match.group("name").split()
        if not any(
            word in STOP_WORDS or word in FILLERS or word in _NO_STREET for word in between if word not in {"first", "second", "third"}
        ):
            yield PersonalData(match.start(), match.end(), PersonalDataKind.ADDRESS)
    for match in _FOREIGN.finditer(low):
        yield PersonalData(match.start(), match.end(), PersonalDataKind.ADDRESS)
