"""Sentiment as the API shows it."""

from ninja import Schema

CLEAR = 0.3
"""Beyond it, up or down, a sentiment has a name; in between it is neutral."""


class Polarity(Schema):
    """From -1, dreadful, to 1, wonderful."""

    score: float


class Sentiment(Schema):
    """A score and its name."""

    polarity: Polarity
    suggested: str


def sentiment_json(score: float) -> dict[str, object]:
    """Return a score from -1 to 1 with its name."""
    suggested = "positive" if score > CLEAR else "negative" if score < -CLEAR else "neutral"
    return {"polarity": {"score": round(score, 3)}, "suggested": suggested}
