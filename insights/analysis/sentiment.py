"""Sentiment of a single message: VADER's compound score. Does not handle irony or context."""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LONGEST = 4000
"""Maximum number of characters analysed: the lexicon walk is linear, but a megabyte of text must not block a worker."""

MOST_EMOJI = 50
"""Maximum number of emoji analysed: each expands to several words, and VADER's cost grows faster than linearly."""


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def polarity(text: str) -> float:
    """Return the polarity of a message in [-1, 1]; 0 for a text without words."""
    if not text.strip():
        return 0.0
    score = float(_analyser().polarity_scores(_few_emoji(text[:LONGEST]))["compound"])
    return max(-1.0, min(1.0, score))


def _few_emoji(text: str) -> str:
    """Return the text without the emoji after the first MOST_EMOJI."""
    if text.isascii():
        return text
    known = _analyser().emojis
    places = [place for place, char in enumerate(text) if char in known][MOST_EMOJI:]
    if not places:
        return text
    dropped = frozenset(places)
    return "".join(char for place, char in enumerate(text) if place not in dropped)
