"""A small convolutional network over hashed words, used beside the linear heads. Trained and run with numpy.

It reads the message and the previous one as two sequences (windows of three words, max pooling per filter), side facts and cues, and
the words of a few earlier messages as two bags. It has one output per linear head, over shared layers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts.features import SIDE_FACTS, Glance
from insights.analysis.acts.mixture import HEADS

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

WORDS, BAG = 16384, 4096
"""Number of embeddings for words of sequences, and for each bag; words in the same bucket are indistinguishable."""

PAD, _SAME, _OTHER, _NOBODY = range(4)
_MARKS = 4
_LONGEST_PREVIOUS = 20

SHAPES: dict[str, tuple[int, int]] = {
    "words": (WORDS, 40),
    "windows": (120, 128),
    "side": (SIDE_FACTS, 16),
    "bags": (2 * BAG + 1, 24),
    "hidden": (2 * 128 + 16 + 24, 64),
    "direct": (2 * 128 + 16 + 24, len(HEADS)),
    "out": (64, len(HEADS)),
    "window_bias": (1, 128),
    "hidden_bias": (1, 64),
    "out_bias": (1, len(HEADS)),
}
"""Shapes of the network's arrays; one output for each of mixture.HEADS."""

EMBEDDINGS = ("words", "side", "bags")

OUTPUTS = ("direct", "out", "out_bias")
"""Arrays with one column per output."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """The network's input for one message: words (previous, then own from `border` on), side facts, bag. int32, never empty."""

    words: NDArray[np.int32]
    border: int
    side: NDArray[np.int32]
    bag: NDArray[np.int32]


def view(seen: Glance) -> NetworkInput:
    """Convert a glance to the network's numbering."""
    if seen.previous is None:
        head = [PAD, _NOBODY, PAD]
    else:
        head = [PAD, _SAME if seen.same else _OTHER, *map(_place, seen.previous[-_LONGEST_PREVIOUS:]), PAD]
    words = [*head, PAD, *map(_place, seen.own), PAD]
    bag = [2 * BAG, *(word % BAG for word in seen.earlier), *(BAG + word % BAG for word in seen.mine)]
    return NetworkInput(
        np.array(words, dtype=np.int32), len(head), np.array([*seen.cues, *seen.facts], dtype=np.int32), np.array(bag, dtype=np.int32)
    )


def _place(word: int) -> int:
    return word % (WORDS - _MARKS) + _MARKS


@dataclass(frozen=True, slots=True)
class Batch:
    """Several views concatenated; starts: where each sequence (two per message), side and bag begins."""

    words: Ints
    starts: Ints
    side: Ints
    side_starts: Ints
    bag: Ints
    bag_starts: Ints


def batch(views: Sequence[NetworkInput]) -> Batch:
    """Concatenate views in order; at least one."""
    lengths = np.array([(one.border, len(one.words) - one.border) for one in views]).ravel()
    return Batch(
        np.concatenate([one.words for one in views]).astype(np.int64),
        _begins(lengths),
        np.concatenate([one.side for one in views]).astype(np.int64),
        _begins(np.array([len(one.side) for one in views])),
        np.concatenate([one.bag for one in views]).astype(np.int64),
        _begins(np.array([len(one.bag) for one in views])),
    )


def _begins(lengths: Ints) -> Ints:
    begins: Ints = np.cumsum(lengths) - lengths
    return begins


def lengths_of(starts: Ints, total: int) -> Ints:
    """Return the lengths of runs that begin at `starts` and fill 0..total."""
    return np.diff(starts, append=total)


@dataclass(frozen=True, slots=True)
class Trace:
    """Intermediate values that training needs for back-propagation."""

    windows: Floats
    answers: Floats
    strongest: Floats
    joined: Floats
    hidden: Floats


def _whole(values: Floats, _kind: str) -> Floats:
    return values


@dataclass(frozen=True)
class Net:
    """The network; arrays are shaped as in SHAPES."""

    arrays: dict[str, Floats]

    def logits(self, views: Sequence[NetworkInput]) -> Floats:
        """Return (n, 8) logits."""
        return self.forward(batch(views))[0]

    def forward(self, given: Batch, thin: Callable[[Floats, str], Floats] = _whole) -> tuple[Floats, Trace]:
        """Return ((n, 8) logits, trace).

        Args:
            thin: dropout in training, called with "words", "bags" and "joined" in this order.
        """
        a = self.arrays
        edge = a["words"][PAD][np.newaxis]
        padded = np.concatenate([edge, thin(a["words"][given.words], "words"), edge])
        windows = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1)
        answers: Floats = np.maximum(windows @ a["windows"] + a["window_bias"], 0)
        strongest: Floats = np.maximum.reduceat(answers, given.starts, axis=0)
        side = np.add.reduceat(a["side"][given.side], given.side_starts, axis=0)
        bags = np.add.reduceat(thin(a["bags"][given.bag], "bags"), given.bag_starts, axis=0) / root_lengths(given)
        joined = thin(np.concatenate([strongest.reshape(len(side), -1), side, bags], axis=1), "joined")
        hidden: Floats = np.maximum(joined @ a["hidden"] + a["hidden_bias"], 0)
        logits: Floats = hidden @ a["out"] + joined @ a["direct"] + a["out_bias"]
        return logits, Trace(windows, answers, strongest, joined, hidden)


def root_lengths(given: Batch) -> Floats:
    """Return (n, 1) square roots of the bags' sizes, by which their sums are divided."""
    roots: Floats = np.sqrt(lengths_of(given.bag_starts, len(given.bag)).astype(np.float32))[:, np.newaxis]
    return roots
