"""Trains the network: Adam on masked logistic losses with dropout. Seeded; a single thread makes the result reproducible to the digit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts.cnn import (
    EMBEDDINGS,
    OUTPUTS,
    PAD,
    SHAPES,
    Batch,
    Floats,
    Ints,
    Net,
    NetworkInput,
    Trace,
    batch,
    lengths_of,
    root_lengths,
)

_BATCH, _RATE, _WARM_UP = 96, 2e-3, 200
_DROPPED = {"words": 0.15, "bags": 0.15, "joined": 0.4}
_FIRST, _SECOND = 0.9, 0.99

_LESSON = 0.3
"""Weight of the loss of auxiliary outputs."""

Sparse = tuple[Ints, Floats]


def begin(labels: Floats, random: np.random.Generator) -> Net:
    """Return an untrained network: small random weights, output biases from the shares of positives.

    Args:
        labels: (n, outputs), negative where unknown.
    """
    arrays = {}
    for name, (height, width) in SHAPES.items():
        shape = (height, labels.shape[1] if name in OUTPUTS else width)
        scale = 0.1 if name in EMBEDDINGS or name == "out" else np.sqrt(2 / shape[0])
        still = name.endswith("bias") or name == "direct"
        arrays[name] = (random.standard_normal(shape) * (0.0 if still else scale)).astype(np.float32)
    known = np.maximum((labels >= 0).sum(axis=0), 1)
    share = np.clip((labels * (labels >= 0)).sum(axis=0) / known, 1e-4, 1 - 1e-4)
    arrays["out_bias"] = np.log(share / (1 - share)).astype(np.float32)[np.newaxis]
    return Net(arrays)


@dataclass
class _Thinning:
    """Dropout that keeps its masks for back-propagation."""

    random: np.random.Generator
    kept: dict[str, Floats] = field(default_factory=dict)

    def __call__(self, values: Floats, kind: str) -> Floats:
        share = _DROPPED[kind]
        shape = values.shape if kind == "joined" else (len(values), 1)
        mask = (self.random.random(shape) >= share).astype(np.float32)
        self.kept[kind] = mask / np.float32(1 - share) if kind == "joined" else mask
        return values * self.kept[kind]


def gradients(net: Net, given: Batch, trace: Trace, kept: Mapping[str, Floats], errors: Floats) -> dict[str, Floats | Sparse]:
    """Return gradients of the loss by array, those of embeddings as (rows, values); errors (n, outputs): the loss by logit."""
    a = net.arrays
    hidden = (errors @ a["out"].T) * (trace.hidden > 0)
    joined = (hidden @ a["hidden"].T + errors @ a["direct"].T) * kept["joined"]
    filters, width, side = len(a["window_bias"][0]), a["words"].shape[1], a["side"].shape[1]
    strongest = joined[:, : 2 * filters].reshape(-1, filters)
    owner = np.repeat(np.arange(len(strongest)), lengths_of(given.starts, len(given.words)))
    answers = np.where((trace.answers == trace.strongest[owner]) & (trace.answers > 0), strongest[owner], np.float32(0))
    windows = answers @ a["windows"].T
    padded = np.zeros((len(windows) + 2, width), dtype=np.float32)
    for place in range(3):
        padded[place : place + len(windows)] += windows[:, place * width : (place + 1) * width]
    padded[1:-1] *= kept["words"]
    sides = joined[:, 2 * filters : 2 * filters + side]
    bags = joined[:, 2 * filters + side :] / root_lengths(given)
    return {
        "out": trace.hidden.T @ errors,
        "direct": trace.joined.T @ errors,
        "out_bias": errors.sum(axis=0, keepdims=True),
        "hidden": trace.joined.T @ hidden,
        "hidden_bias": hidden.sum(axis=0, keepdims=True),
        "windows": trace.windows.T @ answers,
        "window_bias": answers.sum(axis=0, keepdims=True),
        "words": _gathered(np.concatenate([[PAD], given.words, [PAD]]), padded),
        "side": _gathered(given.side, np.repeat(sides, lengths_of(given.side_starts, len(given.side)), axis=0)),
        "bags": _gathered(given.bag, np.repeat(bags, lengths_of(given.bag_starts, len(given.bag)), axis=0) * kept["bags"]),
    }


def _gathered(rows: Ints, values: Floats) -> Sparse:
    """Return (distinct rows in order, the sum of the values of each)."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[first], np.add.reduceat(values[order], first, axis=0)


class _Adam:
    """Adam with running means of gradients and their squares; embedding rows without a gradient are not updated."""

    def __init__(self, net: Net) -> None:
        self._arrays = net.arrays
        self._means = {name: np.zeros_like(array) for name, array in net.arrays.items()}
        self._squares = {name: np.zeros_like(array) for name, array in net.arrays.items()}
        self._steps = 0

    def step(self, gradients: dict[str, Floats | Sparse], rate: float) -> None:
        """Update the network's arrays in place."""
        self._steps += 1
        rate *= float(np.sqrt(1 - _SECOND**self._steps) / (1 - _FIRST**self._steps))
        for name, gradient in gradients.items():
            rows, values = gradient if isinstance(gradient, tuple) else (slice(None), gradient)
            mean = _FIRST * self._means[name][rows] + np.float32(1 - _FIRST) * values
            square = _SECOND * self._squares[name][rows] + np.float32(1 - _SECOND) * values * values
            self._means[name][rows], self._squares[name][rows] = mean, square
            self._arrays[name][rows] -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-6))


def fit(views: Sequence[NetworkInput], labels: Floats, chosen: NDArray[np.int64], seed: int = 3, epochs: int = 8) -> Net:
    """Return a network trained on the chosen rows.

    Outputs after the eighth are auxiliary tasks: their loss weighs less, and they are not in the returned network.

    Args:
        labels: (rows, 8 or more) with 1, 0, or negative where unknown.
    """
    random = np.random.default_rng(seed)
    net = begin(labels[chosen], random)
    worth = np.where(np.arange(labels.shape[1]) < SHAPES["out"][1], 1.0, _LESSON).astype(np.float32)
    adam, size = _Adam(net), min(_BATCH, len(chosen))
    steps, done = epochs * (len(chosen) // size), 0
    warm_up = min(_WARM_UP, steps // 8 + 1)
    for _ in range(epochs):
        order = chosen[random.permutation(len(chosen))]
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            given, thinning = batch([views[row] for row in rows]), _Thinning(random)
            logits, trace = net.forward(given, thinning)
            errors = worth * (labels[rows] >= 0) * (1 / (1 + np.exp(-np.clip(logits, -40, 40))) - labels[rows]) / size
            rate = _RATE * min(1.0, (done + 1) / warm_up) * (1 - done / steps)
            adam.step(gradients(net, given, trace, thinning.kept, errors.astype(np.float32)), rate)
            done += 1
    return Net({name: array[:, : SHAPES[name][1]] for name, array in net.arrays.items()})


def logits(net: Net, views: Sequence[NetworkInput]) -> Floats:
    """Return (rows, 8) logits, computed in batches of 512 rows."""
    return np.concatenate([net.logits(views[start : start + 512]) for start in range(0, len(views), 512)])
