"""Logistic regressions over sparse features, by Adagrad on batches, and over dense features, by Adam on all rows. Seeded."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streaming.speech.punctuation.model import probabilities

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Features = NDArray[np.uint32]


def fit_places(
    features: Features, labels: Rows, worth: Floats, size: int, *, epochs: int, rate: float, seed: int = 1
) -> tuple[Floats, Floats]:
    """Return the weights, shape (size, 3), and biases, shape (3,), of a multinomial regression.

    The weights of the last number, which stands for rare features, stay 0.

    Args:
        features: the numbers of each row's features, shape (n, f), below `size`.
        labels: 0, 1 or 2, shape (n,).
        worth: the weight of each row in the loss, shape (n,).
    """
    random = np.random.default_rng(seed)
    weights = np.zeros((size, 3), dtype=np.float32, order="F")  # a column at a time
    squares = np.full((size, 3), 1e-3, dtype=np.float32, order="F")
    shares = np.bincount(labels, weights=worth, minlength=3) / worth.sum()
    bias = np.log(shares).astype(np.float32)
    batch = 4096
    steps, done = epochs * (len(labels) // batch), 0
    decay = np.float32(0.1 * batch / len(labels))
    for _ in range(epochs):
        order = random.permutation(len(labels))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            given = features[rows]
            found = probabilities(_sums(weights, given) + bias)
            found[np.arange(batch), labels[rows]] -= 1
            found *= worth[rows][:, None]
            flat = given.ravel()
            spread = np.repeat(found, given.shape[1], axis=0)
            for k in range(3):
                gradient = np.bincount(flat, weights=spread[:, k], minlength=size).astype(np.float32)
                gradient += decay * weights[:, k]
                squares[:, k] += gradient * gradient
                weights[:, k] -= np.float32(rate * (1 - done / steps)) * gradient / np.sqrt(squares[:, k])
            weights[-1] = 0
            done += 1
    return weights, bias


def _sums(weights: Floats, given: Features) -> Floats:
    """Return the sums of the weights of each row's features, shape (n, 3)."""
    found: Floats = np.stack([weights[:, k][given].sum(axis=1) for k in range(3)], axis=1)
    return found


def fit_sentences(
    features: Sequence[Sequence[int]], labels: Floats, size: int, *, epochs: int, rate: float, seed: int = 1
) -> tuple[Floats, float]:
    """Return the weights, shape (size,), and the bias of a binary regression; each row has any number of features."""
    random = np.random.default_rng(seed)
    lengths = np.array([len(row) for row in features])
    starts = np.concatenate(([0], np.cumsum(lengths)))
    flat = np.concatenate([np.array(row, dtype=np.int64) for row in features])
    weights, squares = np.zeros(size, dtype=np.float32), np.full(size, 1e-3, dtype=np.float32)
    share = float(labels.mean())
    bias = float(np.log(share / (1 - share)))
    batch = 1024
    steps, done = epochs * (len(labels) // batch), 0
    for _ in range(epochs):
        order = random.permutation(len(labels))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            owner = np.repeat(np.arange(batch), lengths[rows])
            given = np.concatenate([flat[starts[row] : starts[row + 1]] for row in rows])
            logits = np.bincount(owner, weights=weights[given], minlength=batch) + bias
            errors = 1 / (1 + np.exp(-np.clip(logits, -40, 40))) - labels[rows]
            touched, places = np.unique(given, return_inverse=True)
            gradient = np.bincount(places, weights=errors[owner], minlength=len(touched)).astype(np.float32)
            gradient += np.float32(0.3) * weights[touched] * np.float32(batch / len(labels))
            squares[touched] += gradient * gradient
            weights[touched] -= np.float32(rate * (1 - done / steps)) * gradient / np.sqrt(squares[touched])
            done += 1
    return weights, bias


def fit_dense(features: Floats, labels: Rows, classes: int, penalty: float = 1.0, steps: int = 600) -> Floats:
    """Return the weights, shape (columns, classes), of a multinomial regression with a squared penalty."""
    weights = np.zeros((features.shape[1], classes), dtype=np.float64)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    given = features.astype(np.float64)
    truth = np.eye(classes)[labels]
    for step in range(1, steps + 1):
        logits = given @ weights
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        gradient = given.T @ (raised / raised.sum(axis=1, keepdims=True) - truth) / len(labels) + penalty * weights / len(labels)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient * gradient
        weights -= 0.05 * (1 - step / (steps + 1)) * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights.astype(np.float32)
