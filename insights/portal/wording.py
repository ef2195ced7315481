"""Format numbers and names for people. Pure functions."""

from insights.transcripts.lines import TURN_S
from insights.transcripts.text import clock

__all__ = ["TURN_S", "clock", "duration", "initials", "shorten"]


def duration(seconds: float) -> str:
    """Return a length of time: `45 s`, `12 min`, `1 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def initials(name: str) -> str:
    """Return one or two letters for a badge; `?` without a name."""
    parts = [part for part in name.replace("@", " ").split() if part[0].isalnum()]
    if not parts:
        return "?"
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def shorten(text: str, around: str, most: int = 160) -> str:
    """Return `text` cut to about `most` characters around the first occurrence of `around` (case-insensitive)."""
    if len(text) <= most:
        return text
    place = max(0, text.lower().find(around.lower()))
    start = max(0, min(place - most // 3, len(text) - most))
    cut = text[start : start + most].strip()
    return ("…" if start else "") + cut + ("…" if start + most < len(text) else "")
