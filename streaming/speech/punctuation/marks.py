"""The marks of recognised words: reads the mark after a word, and writes another one with the capital letter that follows from it."""

import re
from dataclasses import dataclass
from enum import IntEnum

_TOKEN = re.compile(r"^(.*?)([.,?!;:…]*)([\"'”’)\]]*)$", re.DOTALL)
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st jr sr vs etc approx inc ltd co corp dept jan feb mar apr jun jul aug sep sept oct nov dec""".split()  # noqa: SIM905
)
_NUMBERS = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
    thirty forty fifty sixty seventy eighty ninety hundred thousand million third fourth fifth sixth seventh eighth ninth tenth eleventh
    twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth""".split()  # noqa: SIM905
)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_EDGES = re.compile(r"^[^\w]+|[^\w]+$")


class PunctuationMark(IntEnum):
    """A mark after a word, as the recogniser wrote it."""

    NONE = 0
    COMMA = 1
    PERIOD = 2
    QUESTION = 3
    EXCLAMATION = 4
    ELLIPSIS = 5
    OTHER = 6

    @property
    def ends(self) -> bool:
        """Whether the mark ends a sentence."""
        return self in (PunctuationMark.PERIOD, PunctuationMark.QUESTION, PunctuationMark.EXCLAMATION)


@dataclass(frozen=True, slots=True)
class MarkedWord:
    """A recognised word, split: its text without the mark, the mark, and closing quotes. `fixed`: the mark belongs to the word."""

    text: str
    mark: PunctuationMark
    written: str
    closing: str
    fixed: bool

    @property
    def plain(self) -> str:
        """The word in lower case without marks at its edges; `#` for a number, in digits or words."""
        plain = _EDGES.sub("", self.text).lower().replace("’", "'")
        return "#" if plain.partition("-")[0] in _NUMBERS or any(map(str.isdigit, plain)) else plain

    def with_mark(self, mark: PunctuationMark) -> str:
        """Return the word with another mark; the written mark stays where it is of the same kind."""
        if mark is self.mark:
            return self.text + self.written + self.closing
        return self.text + _WRITTEN[mark] + self.closing


_WRITTEN = {
    PunctuationMark.NONE: "",
    PunctuationMark.COMMA: ",",
    PunctuationMark.PERIOD: ".",
    PunctuationMark.QUESTION: "?",
    PunctuationMark.EXCLAMATION: "!",
    PunctuationMark.ELLIPSIS: "...",
    PunctuationMark.OTHER: "",
}


def token(word: str) -> MarkedWord:
    """Return a recognised word, split into its text and its mark."""
    found = _TOKEN.match(word)
    text, written, closing = found.groups() if found else (word, "", "")
    mark = _mark(written)
    fixed = mark is PunctuationMark.PERIOD and _is_abbreviation(text) or mark is PunctuationMark.OTHER or not any(map(str.isalnum, text))
    return MarkedWord(text, mark, written, closing, fixed)


def _mark(written: str) -> PunctuationMark:
    if not written:
        return PunctuationMark.NONE
    if "?" in written:
        return PunctuationMark.QUESTION
    if "!" in written:
        return PunctuationMark.EXCLAMATION
    if "…" in written or ".." in written:
        return PunctuationMark.ELLIPSIS
    if "." in written:
        return PunctuationMark.PERIOD
    return PunctuationMark.COMMA if "," in written else PunctuationMark.OTHER


def _is_abbreviation(text: str) -> bool:
    """Return whether the period after a text belongs to it: 'Dr', 'p.m', 'J', but not 'I'."""
    return text.lower() in _ABBREVIATIONS or (_INITIALS.fullmatch(text) is not None and text != "I")


def capitalised(word: str) -> str:
    """Return a word with a capital first letter; 'iPhone' and words that begin with no letter stay."""
    return word[:1].upper() + word[1:] if word[:1].islower() and word[1:] == word[1:].lower() else word


def uncapitalised(word: str) -> str:
    """Return a word with a small first letter; 'I', 'I'm', 'OK' and 'McCoy' stay."""
    if word[:1] == "I" and not word[1:2].isalpha() or word[1:] != word[1:].lower():
        return word
    return word[:1].lower() + word[1:]
