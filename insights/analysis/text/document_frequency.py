"""Document frequencies of words in meetings and business email, the background corpus for topics.

Loads weights/background.npz (written by train.py) once: the number of conversations with each word, and of all conversations.
"""

from functools import cache
from importlib.resources import as_file, files
from math import log

import numpy as np

COMMON = 6
"""Minimum number of conversations with a word for the word to count as ordinary English."""


@cache
def _table() -> tuple[dict[str, int], int]:
    """Return ({word: number of conversations}, total number of conversations)."""
    with as_file(files("insights.analysis") / "weights" / "background.npz") as path, np.load(path) as saved:
        words = bytes(saved["words"]).decode().split("\n")
        return dict(zip(words, saved["counts"].tolist(), strict=True)), int(saved["total"])


def idf(word: str) -> float:
    """Return the inverse document frequency of a lower-case word, about 0 (in every conversation) to 6 (in none)."""
    counts, total = _table()
    return log((total + 1) / (counts.get(word, 0) + 1))


def is_common(word: str) -> bool:
    """Return whether a lower-case word is ordinary English rather than a name or a recognition error."""
    return _table()[0].get(word, 0) >= COMMON
