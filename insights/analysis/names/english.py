"""Ordinary English words: a spelling list of 60,000 words, and words that are frequent in meetings and business email.

data/english.txt.gz is derived from SCOWL; its licence lies beside it. It is loaded on first use.
"""

import gzip
from functools import cache
from importlib.resources import files

from insights.analysis.text.document_frequency import is_common
from insights.analysis.text.lexicon import words as words_of

_KNOWN_NAMES = words_of("places")


@cache
def _list() -> frozenset[str]:
    packed = (files("insights.analysis") / "data" / "english.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("ascii").split())


def is_english(word: str) -> bool:
    """Return whether a lower-case word without punctuation is in the dictionary or frequent; most names are not."""
    word = word.removesuffix("'s")
    return word in _list() or is_common(word) or word in _KNOWN_NAMES
