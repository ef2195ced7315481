"""How common words are in meetings and business mail: the background against which topics stand out.

Reads weights/background.npz (made by train.py) once: words, in how many conversations each was said, and how many there were.
"""

from functools import cache
from importlib.resources import as_file, files
from math import log

import numpy as np

COMMON = 6
"""Conversations in which a word must have been said to count as ordinary English."""


@cache
def _table() -> tuple[dict[str, int], int]:
    """({word: conversations}, all conversations)."""
    with as_file(files("insights.analysis") / "weights" / "background.npz") as path, np.load(path) as saved:
        words = bytes(saved["words"]).decode().split("\n")
        return dict(zip(words, saved["counts"].tolist(), strict=True)), int(saved["total"])


def idf(word: str) -> float:
    """Inverse document frequency of a lower-case word, about 0 (in every conversation) to 6 (never heard)."""
    counts, total = _table()
    return log((total + 1) / (counts.get(word, 0) + 1))


def is_common(word: str) -> bool:
    """Whether a lower-case word is ordinary English rather than a name or a slip of the recogniser."""
    return _table()[0].get(word, 0) >= COMMON
