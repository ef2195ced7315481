"""Frequencies of words in meetings and business email, the background corpus for topics.

Loads weights/background.npz (written by insights/training/train.py) once: the number of conversations with each word, and of all
conversations, and how often a word stands where a noun stands.
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


@cache
def _noun_table() -> dict[str, tuple[float, float]]:
    with as_file(files("insights.analysis") / "weights" / "background.npz") as path, np.load(path) as saved:
        words = bytes(saved["words"]).decode().split("\n")
        return dict(zip(words, zip((saved["heads"] / 100).tolist(), (saved["modifiers"] / 100).tolist(), strict=True), strict=True))


_UNSEEN = (0.4, 0.3)
"""Shares of words that the background corpus does not have: mostly names and terms."""


def noun_shares(word: str) -> tuple[float, float]:
    """Return how often a lower-case word is the last word of a noun phrase ("the budget"), and an earlier one ("the final budget")."""
    return _noun_table().get(word, _UNSEEN)


def is_common(word: str) -> bool:
    """Return whether a lower-case word is ordinary English rather than a name or a recognition error."""
    return _table()[0].get(word, 0) >= COMMON
