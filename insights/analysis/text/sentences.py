"""Splits a recognised turn into the sentences that become messages. Offsets refer to the turn."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: text == turn[start:end], without white space at its edges."""

    text: str
    start: int
    end: int


_END = re.compile(r"(?:(?<![.!?])[.!?]++|…|[。！？]+)[\"'”’)\]]*(?=\s|$)|[。！？]+|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|approx|no|inc|ltd|co|corp|dept|e\.g|i\.e|[ap]\.m|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
    r"|(?<![\w.])[A-Z])\.$",
    re.IGNORECASE,
)
_NEVER_LAST = re.compile(r"\b(?:mr|mrs|ms|dr|prof|vs|e\.g|i\.e)\.$", re.IGNORECASE)
_SINGLE_LETTER = re.compile(r"(?<![\w.'’])(?!I\.)[A-Z]\.$")


def _is_end(text: str, start: int, end: int, mark: str) -> bool:
    """Return whether the mark that ends at `end` closes a sentence; an abbreviation closes one only before a capital."""
    if not mark.startswith(".") or len(mark.strip()) > 1:
        return True
    head = text[max(start, end - 12) : end]
    if _NEVER_LAST.search(head) or _SINGLE_LETTER.search(head):
        return False
    if not _ABBREVIATION.search(head):
        return True
    rest = text[end:].lstrip()
    return not rest or rest[0].isupper() and not re.match(r"\d", rest) and len(re.findall(r"\w+", text[start:end])) > 2


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a turn in order; every non-space character is in exactly one. Empty for blank text."""
    found: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() > start and _is_end(text, start, match.end(), match.group()):
            _add(found, text, start, match.end())
            start = match.end()
    _add(found, text, start, len(text))
    return found


def _add(found: list[Sentence], text: str, start: int, end: int) -> None:
    """Append text[start:end] without outer white space; a piece without a letter or digit is joined to the previous sentence."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    if start >= end:
        return
    if found and not any(char.isalnum() for char in text[start:end]):
        first = found.pop()
        start = first.start
    found.append(Sentence(text[start:end], start, end))
