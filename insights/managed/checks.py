"""Checks of texts and lists that an account sends. Each returns the value to store, or raises Invalid with the field's name."""

import unicodedata
from collections.abc import Sequence

from insights.managed.errors import Invalid
from insights.names import clean_name

PHRASES = 50
LONGEST = 256
LONGEST_DESCRIPTION = 1000

_PUNCTUATION = " .'’-"


def text(field: str, value: str, longest: int = LONGEST) -> str:
    """Return a visible text of 1 to `longest` characters."""
    kept = optional_text(field, value, longest)
    if not kept:
        raise Invalid(f"{field}: must have at least one visible character")
    return kept


def optional_text(field: str, value: str, longest: int = LONGEST_DESCRIPTION) -> str:
    """Return a text of at most `longest` characters."""
    if len(value) > longest:
        raise Invalid(f"{field}: may have at most {longest} characters, not {len(value)}")
    return clean_name(value)


def texts(field: str, values: Sequence[str], least: int, most: int) -> list[str]:
    """Return `least` to `most` different texts."""
    if not least <= len(values) <= most:
        raise Invalid(f"{field}: must have {least} to {most} items, not {len(values)}")
    kept = [text(f"{field}[{place}]", value) for place, value in enumerate(values)]
    _different(field, kept)
    return kept


def phrases(field: str, values: Sequence[str]) -> list[str]:
    """Return the vocabulary of a tracker: 1 to 50 different phrases of letters, digits, spaces, periods, apostrophes and hyphens."""
    kept = texts(field, values, 1, PHRASES)
    for place, phrase in enumerate(kept):
        if not all(_is_allowed(char) for char in phrase):
            raise Invalid(f"{field}[{place}]: only letters, digits, spaces and the characters . ' - are allowed")
        if not any(char.isalnum() for char in phrase):
            raise Invalid(f"{field}[{place}]: must have at least one letter or digit")
    return kept


def _is_allowed(char: str) -> bool:
    return char.isalnum() or char in _PUNCTUATION or unicodedata.category(char).startswith("M")


def _different(field: str, values: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for place, value in enumerate(values):
        if value in seen:
            raise Invalid(f"{field}[{place}]: is the same as {field}[{seen[value]}]; each must be different")
        seen[value] = place
