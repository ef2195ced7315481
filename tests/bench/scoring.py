"""Computes from a speaker's results the delay of each turn's final result, and the turns without one. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from tests.bench.speech import Turn
from tests.bench.word_errors import alike

_TAIL = 4  # last words that identify the final result of a turn
_ALIKE = 0.5  # minimum share of them that must match
_EARLY_S = 0.6  # a final result may precede the annotated end of its turn
_LATE_S = 60.0  # a later final result does not belong to the turn


@dataclass
class Delays:
    """Seconds from the end of each turn to its final result; texts of the turns without one."""

    found: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Delays") -> "Delays":
        self.found += other.found
        self.missed += other.missed
        return self

    def at(self, percent: float) -> float | None:
        """Return a percentile of the delays, or None where there are none."""
        return percentile(self.found, percent)

    @property
    def turns(self) -> int:
        """Number of turns."""
        return len(self.found) + len(self.missed)


def delays(turns: Sequence[Turn], finals: Sequence[tuple[float, str]], late_s: float = _LATE_S) -> Delays:
    """Match the turns of one speaker with its final results (seconds after its first sample, text), both in order."""
    result = Delays()
    first = 0
    for turn in turns:
        tail = alike(turn.text).split()[-_TAIL:]
        place = next((i for i in range(first, len(finals)) if _is_end_of(turn, tail, *finals[i], late_s)), None)
        if place is None:
            result.missed.append(turn.text)
        else:
            result.found.append(finals[place][0] - turn.end)
            first = place
    return result


def all_delays(turns: Sequence[Sequence[Turn]], speakers: Sequence[dict[str, Any]], speed: float = 1.0) -> Delays:
    """Return the delays of all speakers of an answer of the generator, or of the bare recogniser; `speed` is that of the speech."""
    result = Delays()
    for said, speaker in zip(turns, speakers, strict=True):
        result += delays(said, [(at * speed, text) for at, text in speaker["finals"]], _LATE_S * speed)
    return result


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile, or None for no values."""
    return float(np.percentile(values, percent)) if len(values) else None


def crossing(points: Sequence[tuple[float, float]], limit: float) -> float | None:
    """Return where a line through (x, y) points first exceeds `limit`, or None."""
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if y0 <= limit < y1:
            return x0 + (x1 - x0) * (limit - y0) / (y1 - y0)
    return None


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the least-squares slope of y over x."""
    if len(points) < 2:
        return 0.0
    return float(np.polyfit([x for x, _ in points], [y for _, y in points], 1)[0])


def _is_end_of(turn: Turn, tail: list[str], at: float, text: str, late_s: float) -> bool:
    """Return whether a final result at this time contains the last words of the turn."""
    if not turn.end - _EARLY_S <= at <= turn.end + late_s:
        return False
    heard = alike(text).split()
    windows = range(max(1, len(heard) - len(tail) + 1))
    return any(SequenceMatcher(None, tail, heard[i : i + len(tail)]).ratio() >= _ALIKE for i in windows)
