"""Measures how often each word stands where a noun stands, and where a word before a noun stands: "the X of" and "the X budget".

A corpus without parts of speech is enough: a determiner or a preposition opens a noun phrase, and the next function word or mark ends it.
Words are counted in text without capitals and marks as well, so that both spellings of recognisers agree.
"""

from collections import Counter
from collections.abc import Iterable

from insights.analysis.text.lexicon import words as words_of
from insights.analysis.text.words import FILLERS, STOP_WORDS, Token, tokens
from insights.training.corpora import Row

_OPENING = words_of("before_things")
_PRIOR = 2.0
"""Weight of the mean share in the share of a word that was seen seldom."""


def shares(rows: Iterable[Row], kept: list[str]) -> tuple[list[float], list[float]]:
    """Return (share as the last word of a noun phrase, share as an earlier word of one) of each word of `kept`."""
    heads, modifiers, total = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        _count(row.text, heads, modifiers, total)
    mean_head, mean_modifier = heads.total() / total.total(), modifiers.total() / total.total()
    return (
        [(heads[word] + _PRIOR * mean_head) / (total[word] + _PRIOR) for word in kept],
        [(modifiers[word] + _PRIOR * mean_modifier) / (total[word] + _PRIOR) for word in kept],
    )


def _count(text: str, heads: Counter[str], modifiers: Counter[str], total: Counter[str]) -> None:
    words = tokens(text)
    opened = False
    for at, word in enumerate(words):
        if _is_function(word):
            opened = word.low in _OPENING
            continue
        total[word.low] += 1
        following = words[at + 1] if at + 1 < len(words) else None
        ends = following is None or _is_function(following) or bool(text[word.end : following.start].strip())
        if opened:
            (heads if ends else modifiers)[word.low] += 1
        if ends:
            opened = False


def _is_function(word: Token) -> bool:
    return word.low in STOP_WORDS or word.low in FILLERS
