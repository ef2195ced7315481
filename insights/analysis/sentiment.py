"""How a message feels: VADER's compound score. Knows single messages only; irony and context are beyond it."""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LONGEST = 4000
"""Characters read of a message: the lexicon walk is linear, but a megabyte of text must not hold a worker."""


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def polarity(text: str) -> float:
    """Polarity of a message in [-1, 1]; 0 for no words."""
    if not text.strip():
        return 0.0
    score = float(_analyser().polarity_scores(text[:LONGEST])["compound"])
    return max(-1.0, min(1.0, score))
