"""The JSON form of sentiment in the API."""

from ninja import Schema

CLEAR = 0.3
"""A score above it is positive, below its negative is negative, and neutral in between."""


class Polarity(Schema):
    """A score from -1 (most negative) to 1 (most positive)."""

    score: float


class Sentiment(Schema):
    """A score, and positive, negative or neutral."""

    polarity: Polarity
    suggested: str


def sentiment_json(score: float) -> dict[str, object]:
    """Return a score from -1 to 1 with its name."""
    suggested = "positive" if score > CLEAR else "negative" if score < -CLEAR else "neutral"
    return {"polarity": {"score": round(score, 3)}, "suggested": suggested}
