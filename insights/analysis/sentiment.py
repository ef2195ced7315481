"""How a message feels: VADER's compound score. Knows single messages only; irony and context are beyond it."""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LONGEST = 4000
"""Characters read of a message: the lexicon walk is linear, but a megabyte of text must not hold a worker."""

MOST_EMOJI = 50
"""Emoji read of a message: each becomes some words, and VADER's cost grows faster than their number; no feeling needs more."""


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def polarity(text: str) -> float:
    """Polarity of a message in [-1, 1]; 0 for no words."""
    if not text.strip():
        return 0.0
    score = float(_analyser().polarity_scores(_few_emoji(text[:LONGEST]))["compound"])
    return max(-1.0, min(1.0, score))


def _few_emoji(text: str) -> str:
    """The text without the emoji that come after the first MOST_EMOJI."""
    if text.isascii():
        return text
    known = _analyser().emojis
    places = [place for place, char in enumerate(text) if char in known][MOST_EMOJI:]
    if not places:
        return text
    dropped = frozenset(places)
    return "".join(char for place, char in enumerate(text) if place not in dropped)
