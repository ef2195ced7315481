"""Runs of words that write a day, a month with a year, or a year: 'the third of October 1982', '04/27', 'nine, twelve, eighty four'. Pure.

Unlike `dates.find_dates`, which resolves dates, this only finds where they are, also in forms that are ambiguous.
"""

import re
from dataclasses import dataclass

from insights.analysis.dates.numerals import ORDINAL

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_ONES = r"one|two|three|four|five|six|seven|eight|nine|zero|oh"
_SPOKEN = (
    rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:{_ONES}))?|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    rf"|seventeen|eighteen|nineteen|two thousand(?: and)?|{_ONES}"
)
_DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_WORD = rf"(?:{_MONTH}|{ORDINAL}|\d{{1,4}}|{_SPOKEN}|{_DAY}|the end of|the|of|slash)(?![a-z])"
_PHRASE = re.compile(rf"(?<![\w.,$€£])(?:{_WORD})(?:[\s,./-]{{1,2}}(?:{_WORD})){{0,9}}(?!\w)")
_TRIM_START = re.compile(r"(?:(?:the|of|slash)[\s,]+)+(?=(?:the|of|slash)\b)|of\s+")
_TRIM_END = re.compile(r"(?:[\s,./-]+(?:the|of|slash))+$")
_NUMBER = re.compile(rf"\d+|(?:{_SPOKEN})(?![a-z])")
_SLASHED = re.compile(r"\d{1,4} ?[/.-] ?\d{1,2}(?: ?[/.-] ?\d{2,4})?")
_YEAR = re.compile(
    r"\b(?:1[89]|20)\d\d\b|\b(?:nineteen|eighteen|twenty) (?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:"
    + _ONES
    + r"))?|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|oh (?:"
    + _ONES
    + r"))\b|\btwo thousand\b"
)
_HAS_MONTH = re.compile(rf"(?<![a-z]){_MONTH}(?![a-z])")
_HAS_ORDINAL = re.compile(rf"(?<![a-z\d]){ORDINAL}")


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A run of words that may be a date; `end` is exclusive, `text` is in lower case."""

    start: int
    end: int
    text: str

    def is_calendar_date(self) -> bool:
        """Whether it names a day, or a month of a year: a month with a number, or three numbers with strokes or points between."""
        if _HAS_MONTH.search(self.text):
            return _NUMBER.search(self.text) is not None or _HAS_ORDINAL.search(self.text) is not None
        found = _SLASHED.fullmatch(self.text)
        return found is not None and len(re.findall(r"\d+", self.text)) == 3 and max(map(len, re.findall(r"\d+", self.text))) <= 4

    def is_month_and_year(self) -> bool:
        """Whether it may be the end of a card's validity."""
        if _HAS_MONTH.search(self.text):
            return _NUMBER.search(self.text) is not None
        numbers = _NUMBER.findall(self.text)
        return len(numbers) >= 2 or (len(numbers) == 1 and len(numbers[0]) == 4 and numbers[0].isdigit())

    def is_birth_date(self) -> bool:
        """Whether it may be a date of birth: a calendar date, a year, or three numbers."""
        if self.is_calendar_date() or _YEAR.search(self.text) or _HAS_ORDINAL.search(self.text):
            return True
        return len(_NUMBER.findall(self.text)) >= 3 or _SLASHED.fullmatch(self.text) is not None


def date_phrases(low: str) -> list[DatePhrase]:
    """Return the phrases of a lower-case text in order."""
    return [phrase for phrase in (_trimmed(match.start(), match.group()) for match in _PHRASE.finditer(low)) if phrase.text]


def _trimmed(start: int, text: str) -> DatePhrase:
    text = _TRIM_END.sub("", text)
    lead = _TRIM_START.match(text)
    if lead is not None:
        start, text = start + lead.end(), text[lead.end() :]
    if text in ("the", "of", "slash"):
        text = ""
    return DatePhrase(start, start + len(text), text)
