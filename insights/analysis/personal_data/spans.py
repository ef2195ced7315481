"""Spans of a text that are hidden, and the text without them."""

from collections.abc import Collection, Sequence

Span = tuple[int, int, str]
"""Start and end offset (end exclusive), and type."""

UNKNOWN = "unknown"
"""The type of spans that could not be searched. They are always hidden."""


def merged(spans: Collection[Span]) -> list[Span]:
    """Return the spans in order, with those that touch or overlap joined."""
    joined: list[Span] = []
    for start, end, kind in sorted(spans):
        if joined and start <= joined[-1][1]:
            first, last, before = joined[-1]
            joined[-1] = (first, max(last, end), kind if before == "number" else before)
        else:
            joined.append((start, end, kind))
    return joined


def masked(text: str, spans: Sequence[Span], mask: str, start: int = 0, end: int | None = None) -> str:
    """Return text[start:end] with each span removed; the mask is written where a span begins."""
    end = len(text) if end is None else end
    kept, at = "", start
    for first, last, _ in spans:
        if first >= end:
            break
        if last > start:
            kept += text[at : max(first, at)] + (mask if first >= start else "")
            at = max(at, last)
    return kept + text[at:end]
