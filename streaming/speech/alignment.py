"""Word times from the attention of a speech engine: which part of the audio each token was read from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Frames = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Attention:
    """How much of each token was read from each frame of a block of audio.

    Attributes:
        weights: shape (tokens, frames), not negative.
        step_s: seconds of a frame.
        delay_s: start of the first frame, in seconds since the start of the block.
    """

    weights: Weights
    step_s: float
    delay_s: float


def word_spans(
    attention: Attention, first_tokens: Sequence[int], voiced: Sequence[tuple[float, float]], at: float
) -> list[tuple[float, float]] | None:
    """Return start and end of each word in seconds, in order, each inside the speech segments; None if they are too short for the words.

    Tokens follow each other in time, and each is given the frames from which it was read most, at least one.

    Args:
        attention: of the block.
        first_tokens: the number of the first token of each word, increasing.
        voiced: the speech segments in seconds, in order, not overlapping.
        at: start of the block in seconds, on the clock of `voiced`.
    """
    begin = at + attention.delay_s
    centres = begin + (np.arange(attention.weights.shape[1]) + 0.5) * attention.step_s
    segment_of = np.full(len(centres), -1, dtype=np.int64)
    for number, (start, end) in enumerate(voiced):
        segment_of[(centres >= start) & (centres < end)] = number
    kept = np.flatnonzero(segment_of >= 0)
    if len(kept) < len(attention.weights) or not len(first_tokens):
        return None
    bounds = segment(attention.weights[:, kept])
    starts = [0, *(int(bounds[token]) for token in first_tokens[1:])]
    spans: list[tuple[float, float]] = []
    for place, after in zip(starts, [*starts[1:], len(kept)], strict=True):
        first, last = int(kept[place]), int(kept[after - 1])
        opening, closing = voiced[segment_of[first]], voiced[segment_of[last]]
        opens = place == 0 or segment_of[kept[place - 1]] != segment_of[first]
        closes = after == len(kept) or segment_of[kept[after]] != segment_of[last]
        start = opening[0] if opens else max(opening[0], begin + first * attention.step_s)
        end = closing[1] if closes else min(closing[1], begin + (last + 1) * attention.step_s)
        spans.append((start, max(start, end)))
    return spans


def segment(weights: Weights) -> Frames:
    """Return the first frame of each row, shape (rows,): consecutive frames for each, at least one, with the greatest sum of weights.

    Args:
        weights: shape (rows, frames), with at least as many frames as rows.
    """
    rows, frames = weights.shape
    sums = np.concatenate((np.zeros((rows, 1), dtype=np.float32), np.cumsum(weights, axis=1)), axis=1)
    places = np.arange(frames + 1)
    best = np.where(places == 0, np.float32(0), np.float32(-np.inf))
    origins = np.zeros((rows, frames + 1), dtype=np.int64)
    for row in range(rows):
        gains = best - sums[row]
        highest = np.maximum.accumulate(gains)
        origin = np.maximum.accumulate(np.where(gains >= highest, places, 0))
        origins[row, 1:] = origin[:-1]  # a row has at least one frame
        best = np.full(frames + 1, -np.inf, dtype=np.float32)
        best[1:] = sums[row, 1:] + highest[:-1]
    starts = np.zeros(rows, dtype=np.int64)
    end = frames
    for row in range(rows - 1, -1, -1):
        end = origins[row, end]
        starts[row] = end
    return starts
