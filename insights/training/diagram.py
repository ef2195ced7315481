"""Draws a reliability diagram as SVG: mean confidence against the share of correct messages, a panel per corpus and task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10, sqrt

_SIDE, _GAP, _COLUMNS = 180, 46, 3
_TOP = 40

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.frame,.even{fill:none;stroke:#999}.even{stroke-dasharray:4 4}"
    ".s0{fill:#1f6feb;stroke:#1f6feb}.s1{fill:#d1570a;stroke:#d1570a}.few{fill-opacity:.15}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.frame,.even{stroke:#777}"
    ".s0{fill:#6cb0ff;stroke:#6cb0ff}.s1{fill:#ff9d5c;stroke:#ff9d5c}.few{fill-opacity:.15}}"
)

FEW = 20
"""Dots of fewer messages are drawn hollow: their share is unreliable."""


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Messages with a confidence in one tenth: number, mean confidence, share of gold positives."""

    count: int
    confidence: float
    right: float


def draw(
    panels: Mapping[str, Sequence[Sequence[ConfidenceBin | None]]], series: Sequence[str] = ("as written", "question marks lost")
) -> str:
    """Return an SVG document.

    Args:
        panels: by title, the tenths of each series; a dot's area grows with the logarithm of its number of messages.
    """
    rows = -(-len(panels) // _COLUMNS)
    width, height = _GAP + _COLUMNS * (_SIDE + _GAP), _TOP + rows * (_SIDE + _GAP + 14)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        "<title>Confidence and share that was right</title>",
        f"<style>{_STYLE}</style>",
    ]
    for number, name in enumerate(series):
        parts.append(f'<circle class="s{number}" cx="{_GAP + 6 + 160 * number}" cy="14" r="5"/>')
        parts.append(f'<text x="{_GAP + 16 + 160 * number}" y="18">{escape(name)}</text>')
    for number, (title, lines) in enumerate(panels.items()):
        left = _GAP + (number % _COLUMNS) * (_SIDE + _GAP)
        parts += _panel(left, _TOP + 10 + (number // _COLUMNS) * (_SIDE + _GAP + 14), title, lines)
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, top: int, title: str, lines: Sequence[Sequence[ConfidenceBin | None]]) -> list[str]:
    """Draw one square from 0 to 1 on both axes."""
    low = top + _SIDE
    parts = [
        f'<text x="{left}" y="{top - 6}">{escape(title)}</text>',
        f'<rect class="frame" x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}"/>',
        f'<path class="even" d="M{left} {low}L{left + _SIDE} {top}"/>',
    ]
    for tick in (0, 0.5, 1):
        parts.append(f'<text x="{left + tick * _SIDE:.0f}" y="{low + 15}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{left - 5}" y="{low - tick * _SIDE + 4:.0f}" text-anchor="end">{tick:g}</text>')
    for number, tenths in enumerate(lines):
        parts += [_dot(left, low, number, one) for one in tenths if one]
    return parts


def _dot(left: int, low: int, series: int, one: ConfidenceBin) -> str:
    x, y, radius = left + one.confidence * _SIDE, low - one.right * _SIDE, 2 + 2 * sqrt(log10(one.count + 1))
    few = " few" if one.count < FEW else ""
    hint = f"{one.count} messages, confidence {one.confidence:.2f}, right {one.right:.2f}"
    return f'<circle class="s{series}{few}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{hint}</title></circle>'
