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
PAUSE_S = 0.5
"""Shorter pauses inside the speech of one speaker are speech."""
_GAP_S = 0.3  # the same before the voices are known: a local speaker may be two persons, who speak in turn
_SHORT_S = 0.05  # shorter speech is dropped
_NEAR_S = 0.15  # loud audio so near to the activity of a local speaker is speech, unless another one is active in it
_STEP = RATE // 100
_STEP_S = _STEP / RATE
_QUIET, _LOUD = 10, 90  # percentiles of the level between the first and the last speech of a speaker: noise, and loud speech
_SPOKEN = 0.25  # of the way, in decibels, from that noise to the loud speech: up to it, a frame is silent
_LEAST_LEVEL = 1e-5  # of noise and speech, so that their ratio exists in digital silence
_LEAST_STEPS = 10  # of a stretch whose levels count; in a shorter one, those of the whole turn
_HOP_S = 5.0  # distance of windows in audio that is longer than one


@dataclass(frozen=True, slots=True)
class SpeechPart:
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


def _loud(turn: Samples, start_s: float, end_s: float) -> NDArray[np.bool_]:
    """Return which steps of 10 ms of a turn are louder than silence, for a speaker who speaks between two times, in seconds.

    The noise is that of the pauses between these times: before and after them it may be another, as with a noise gate.
    """
    loudness = np.sqrt((turn[: len(turn) // _STEP * _STEP].reshape(-1, _STEP) ** 2).mean(axis=1))
    stretch = loudness[round(start_s / _STEP_S) : round(end_s / _STEP_S)]
    if len(stretch) < _LEAST_STEPS:
        stretch = loudness
    if not len(stretch):
        return np.zeros(0, dtype=bool)
    noise, speech = (max(float(level), _LEAST_LEVEL) for level in np.percentile(stretch, (_QUIET, _LOUD)))
    loud: NDArray[np.bool_] = loudness > noise * (speech / noise) ** _SPOKEN
    return loud


def frame_at(seconds: float) -> int:
    """Return the number of the frame at a time."""
    return round(seconds / FRAME_STEP_S)


def _frames(samples: int) -> int:
    return frame_at(samples / RATE)


def _best_order(known: Activity, found: Activity) -> list[int]:
    """Return the order of the columns of `found` that agrees best with the frames that are known already."""
    return list(max(permutations(range(_SPEAKERS)), key=lambda order: float((known * found[:, list(order)]).sum())))


def parts(activity: Activity, speaker: int, turn: Samples) -> list[SpeechPart]:
    """Return the speech of one local speaker of a turn, cut where others start or stop to speak at the same time.

    Speech is what is loud while the speaker is active. Silent pauses of 0.3 s or more are cut off; shorter ones are speech.
    """
    active = activity >= ACTIVE
    others: NDArray[np.bool_] = np.any(np.delete(active, speaker, axis=1), axis=1)
    seconds = len(turn) / RATE
    spoken = [(_time(first), min(_time(last), seconds)) for first, last in _runs(active[:, speaker])]
    if not spoken:
        return []
    loud = _loud(turn, spoken[0][0], spoken[-1][1])
    voiced: list[tuple[int, int]] = []
    for first, last in _runs(loud & _near(active[:, speaker], others, len(loud))):
        if voiced and first - voiced[-1][1] < _GAP_S / _STEP_S:
            voiced[-1] = voiced[-1][0], last
        else:
            voiced.append((first, last))
    times = [(first * _STEP_S, last * _STEP_S) for first, last in voiced if (last - first) * _STEP_S >= _SHORT_S]
    return [part for start_s, end_s in times for part in _cut(start_s, end_s, others)]


def _near(active: NDArray[np.bool_], others: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Return in which steps of 10 ms a speaker is active, or nearly and nobody else is."""
    return _marked(active, steps, 0.0) | _marked(active, steps, _NEAR_S) & ~_marked(others, steps, _NEAR_S)


def _marked(active: NDArray[np.bool_], steps: int, more_s: float) -> NDArray[np.bool_]:
    """Return in which steps of 10 ms somebody is active, or is so many seconds before or later."""
    marked = np.zeros(steps, dtype=bool)
    for first, last in _runs(active):
        marked[max(0, round((_time(first) - more_s) / _STEP_S)) : round((_time(last) + more_s) / _STEP_S)] = True
    return marked


def _cut(start_s: float, end_s: float, others: NDArray[np.bool_]) -> list[SpeechPart]:
    """Return a stretch of speech as parts with and without overlap."""
    first = min(frame_at(start_s), len(others) - 1)
    last = max(first + 1, min(frame_at(end_s), len(others)))
    changes = first + 1 + np.flatnonzero(others[first + 1 : last] != others[first : last - 1])
    times = [start_s, *(time for change in changes if start_s < (time := _time(int(change))) < end_s), end_s]
    middles = [min(max(frame_at((a + b) / 2), first), last - 1) for a, b in zip(times, times[1:], strict=False)]
    return [SpeechPart(a, b, bool(others[middle])) for a, b, middle in zip(times, times[1:], middles, strict=False)]


def _time(frame: int) -> float:
    """Return the time of a boundary between frames: frames are longer than their distance."""
    return float(frame * FRAME_STEP_S + (FRAME_S - FRAME_STEP_S) / 2) if frame else 0.0


def _runs(active: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the runs [first, last) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), int(last)
