"""Custom entities: finds the words that an account or a request listed, ignoring case and accents."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insights.analysis.text.words import LONGEST, plain, tokens
from insights.analysis.types import FoundEntity
from insights.snapshots import CUSTOM

MOST = 200
"""Maximum number of custom entities of one message."""

_PART = re.compile(r"[^-_]+")
_PLAIN_VALUE = re.compile(r"[\w\s.'’&-]+")
"""Values of words only. Another one, such as 'C++', is matched character by character."""


@dataclass(frozen=True, slots=True)
class CustomEntity:
    """Words that stand for an entity. `value` is what they mean; empty: the listed word itself."""

    type: str
    values: tuple[str, ...]
    sub_type: str = ""
    category: str = "Custom"
    value: str = ""


@dataclass(frozen=True, slots=True)
class _EntityWord:
    low: str
    start: int
    end: int


_Listed = tuple[CustomEntity, str]
"""An entity and one of its values."""


class CustomEntityIndex:
    """Index of the values of all custom entities; the time of a lookup hardly depends on their number."""

    def __init__(self, entities: Sequence[CustomEntity]) -> None:
        self._phrases: dict[tuple[str, ...], list[_Listed]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._literals: dict[str, list[_Listed]] = {}
        self._literal_lengths: dict[str, set[int]] = {}
        for entity in entities:
            for value in entity.values:
                self._add(entity, value)

    def _add(self, entity: CustomEntity, value: str) -> None:
        phrase = tuple(word.low for word in _words(value))
        if not phrase or not _PLAIN_VALUE.fullmatch(value):
            if literal := _lower(value.strip()):
                self._literal_lengths.setdefault(literal[0], set()).add(len(literal))
                _list(self._literals.setdefault(literal, []), entity, value)
            return
        self._lengths.setdefault(phrase[0], set()).add(len(phrase))
        _list(self._phrases.setdefault(phrase, []), entity, value)

    def find(self, text: str) -> list[FoundEntity]:
        """Return the custom entities of a message, at most MOST, in order. Where one value begins with another, the longer one is found."""
        found: list[FoundEntity] = []
        for start, end, listed in sorted([*self._in_words(text), *self._in_characters(text)], key=lambda one: one[:2]):
            for entity, value in listed:
                found.append(FoundEntity(CUSTOM, text[start:end], start, _meaning(entity, value)))
        return found[:MOST]

    def _in_words(self, text: str) -> Iterator[tuple[int, int, list[_Listed]]]:
        """Yield (start, end, entities) of the longest value at each place."""
        words = _words(text) if self._phrases else []
        at = 0
        while at < len(words):
            for length in sorted(self._lengths.get(words[at].low, ()), reverse=True):
                part = tuple(word.low for word in words[at : at + length])
                listed = self._phrases.get(part) if len(part) == length else None
                if listed:
                    yield words[at].start, words[at + length - 1].end, listed
                    at += length
                    break
            else:
                at += 1

    def _in_characters(self, text: str) -> Iterator[tuple[int, int, list[_Listed]]]:
        """Yield (start, end, entities) of the longest value at each place that does not begin or end within a word."""
        low = _lower(text[:LONGEST]) if self._literals else ""
        at = 0
        while at < len(low):
            for length in sorted(self._literal_lengths.get(low[at], ()), reverse=True):
                end = at + length
                listed = self._literals.get(low[at:end])
                if listed and not (_is_letter(low[at - 1 : at]) or _is_letter(low[end : end + 1])):
                    yield at, end, listed
                    at = end - 1
                    break
            at += 1


def _meaning(entity: CustomEntity, value: str) -> dict[str, str]:
    return {"customType": entity.type, "subType": entity.sub_type, "category": entity.category, "value": entity.value or value}


def _list(listed: list[_Listed], entity: CustomEntity, value: str) -> None:
    """Add an entity unless it is listed already with the same words in another case."""
    if all(known is not entity for known, _ in listed):
        listed.append((entity, value))


def _is_letter(char: str) -> bool:
    """Return whether a character is part of a word; False for an empty text."""
    return char.isalnum() or char == "_"


def _words(text: str) -> list[_EntityWord]:
    """Return the words of a text: parts of hyphenated words separately, without a possessive 's."""
    found = []
    for token in tokens(text):
        for match in _PART.finditer(token.text):
            low = plain(match.group())
            end = token.start + match.end()
            if low.endswith("'s") and len(low) > 2:
                low, end = low[:-2], end - 2
            found.append(_EntityWord(low, token.start + match.start(), end))
    return found


def _lower(text: str) -> str:
    """Return the text in lower case at the same length, so that offsets stay valid."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
