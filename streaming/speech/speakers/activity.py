"""Who of the local speakers of a turn speaks when: windows of the segmentation model joined to one sequence, and its parts. Pure numpy."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.types import FRAME_S, FRAME_STEP_S, WINDOW_S, SpeakerModels

Activity = NDArray[np.float32]
"""Probability per frame that each of at most three local speakers is active, shape (frames, 3)."""

ACTIVE = 0.5
_SPEAKERS = 3
_PAUSE_S = 0.5  # shorter pauses inside the speech of one speaker are closed
_SHORT_S = 0.1  # shorter speech is dropped
_STEP = RATE // 100
_TRIM_S = 0.25  # most silence that is removed from each end of a part
_SILENCE = 2.0  # times the level of the quietest frames of a turn: up to it, a frame is silent
_HOP_S = 5.0  # distance of windows in audio that is longer than one


@dataclass(frozen=True, slots=True)
class Part:
    """The speech [start, end) of one local speaker, in seconds from the start of the turn."""

    start_s: float
    end_s: float
    overlap: bool


def turn_activity(models: SpeakerModels, before: Samples, turn: Samples) -> Activity:
    """Return the activity in a turn; `before` is audio before it, which the model may use to tell the speakers apart."""
    window = round(WINDOW_S * RATE)
    if len(turn) <= window:
        before = before[max(0, len(before) - (window - len(turn))) :]
        return models.segment(np.concatenate((before, turn)))[_frames(len(before)) :][: _frames(len(turn))]
    starts = list(range(0, len(turn) - window, round(_HOP_S * RATE))) + [len(turn) - window]
    joined = np.zeros((_frames(len(turn)), _SPEAKERS), dtype=np.float32)
    counts = np.zeros((len(joined), 1), dtype=np.float32)
    for start in starts:
        found = models.segment(turn[start : start + window])
        first = min(_frames(start), len(joined))
        found = found[: len(joined) - first]
        place = slice(first, first + len(found))
        known = counts[place, 0] > 0
        order = _best_order(_mean(joined[place], counts[place])[known], found[known])
        joined[place] += found[:, order]
        counts[place] += 1
    return _mean(joined, counts)


def _mean(sums: Activity, counts: Activity) -> Activity:
    mean: Activity = (sums / np.maximum(counts, 1)).astype(np.float32)
    return mean


def trimmed(found: list[Part], turn: Samples) -> list[Part]:
    """Return the parts without silence at their ends, which the segmentation model adds."""
    loudness = np.sqrt((turn[: len(turn) // _STEP * _STEP].reshape(-1, _STEP) ** 2).mean(axis=1))
    if not len(loudness):
        return found
    loud = loudness > _SILENCE * max(float(np.percentile(loudness, 5)), 1e-5)
    most = round(_TRIM_S * RATE / _STEP)
    kept = []
    for part in found:
        first, last = round(part.start_s * RATE / _STEP), min(round(part.end_s * RATE / _STEP), len(loud))
        ahead, behind = loud[first : min(first + most, last)], loud[max(first, last - most) : last][::-1]
        start = int(ahead.argmax()) if ahead.any() else len(ahead)
        end = int(behind.argmax()) if behind.any() else len(behind)
        if last - first - start - end > 0:
            kept.append(Part(part.start_s + start * _STEP / RATE, part.end_s - end * _STEP / RATE, part.overlap))
    return kept


def frame_at(seconds: float) -> int:
    """Return the number of the frame at a time."""
    return round(seconds / FRAME_STEP_S)


def _frames(samples: int) -> int:
    return frame_at(samples / RATE)


def _best_order(known: Activity, found: Activity) -> list[int]:
    """Return the order of the columns of `found` that agrees best with the frames that are known already."""
    return list(max(permutations(range(_SPEAKERS)), key=lambda order: float((known * found[:, list(order)]).sum())))


def parts(activity: Activity, speaker: int, seconds: float) -> list[Part]:
    """Return the speech of one local speaker, cut where others start or stop to speak at the same time."""
    active = activity >= ACTIVE
    others: NDArray[np.bool_] = np.any(np.delete(active, speaker, axis=1), axis=1)
    found = []
    for first, last in _runs(_closed(active[:, speaker])):
        if (last - first) * FRAME_STEP_S >= _SHORT_S:
            cuts = [first, *(first + 1 + np.flatnonzero(others[first + 1 : last] != others[first : last - 1])), last]
            found += [Part(_time(a), min(_time(b), seconds), bool(others[a])) for a, b in zip(cuts, cuts[1:], strict=False)]
    return [part for part in found if part.end_s > part.start_s]


def _time(frame: int) -> float:
    """Return the time of a boundary between frames: frames are longer than their distance."""
    return float(frame * FRAME_STEP_S + (FRAME_S - FRAME_STEP_S) / 2) if frame else 0.0


def _closed(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the activity with short pauses closed."""
    closed = active.copy()
    for first, last in _runs(~active):
        if first > 0 and last < len(active) and (last - first) * FRAME_STEP_S < _PAUSE_S:
            closed[first:last] = True
    return closed


def _runs(active: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the runs [first, last) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(last)
