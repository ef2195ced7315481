"""Which words are ordinary English: a spelling list of 60,000 words, and the words that are often said in meetings and business mail.

data/english.txt.gz is made of SCOWL; its licence lies beside it. Read once, when it is first asked for.
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
    """Whether a lower-case word, without punctuation, is found in a dictionary or often said; names mostly are not."""
    word = word.removesuffix("'s")
    return word in _list() or is_common(word) or word in _KNOWN_NAMES
