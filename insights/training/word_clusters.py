"""Clusters words into classes by their neighbours: mutual information, singular value decomposition, k-means. No labels, train part only.

Seeded, with a fixed order of words; a single linear algebra thread makes the result reproducible to the digit.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts.features import word_hashes
from insights.analysis.acts.word_classes import COARSE, FINE, NONE, Classes

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_LEAST, _MOST = 8, 5000
"""Minimum count of a word, and maximum number of words, that get a class."""

_BESIDE = 1500
"""Number of most frequent words that are used as context."""

_PLACES = (-2, -1, 1, 2)
_APART = 2
_NUMBERS, _SPARE, _SHARPENED, _ROUNDS = 60, 20, 3, 15


def learn(texts: Iterable[str]) -> Classes:
    """Return the classes of the words of these messages."""
    said = [word_hashes(text) for text in texts]
    counts = Counter(word for words in said for word in words)
    known = sorted((word for word, count in counts.items() if count >= _LEAST), key=lambda word: (-counts[word], word))[:_MOST]
    if not known:
        return NONE
    vectors = directions(informative(neighbours(said, known)))
    coarse, fine = (means(vectors, number).tolist() for number in (COARSE, FINE))
    return Classes(dict(zip(known, zip(coarse, fine, strict=True), strict=True)))


def neighbours(said: Sequence[tuple[int, ...]], known: Sequence[int]) -> Floats:
    """Return (known, positions x most frequent words): how often each occurred at each position beside each known word."""
    number = {word: place for place, word in enumerate(known)}
    apart = [-1] * _APART
    row = np.array([place for words in said for place in (*(number.get(word, -1) for word in words), *apart)], dtype=np.int64)
    width = min(len(known), _BESIDE)
    tables = []
    for step in _PLACES:
        beside = np.roll(row, -step)
        both = (row >= 0) & (beside >= 0) & (beside < width)
        counted = np.bincount(row[both] * width + beside[both], minlength=len(known) * width)
        tables.append(counted.reshape(len(known), width).astype(np.float32))
    return np.concatenate(tables, axis=1)


def informative(counts: Floats) -> Floats:
    """Return positive pointwise mutual information of counts; frequent neighbours are discounted slightly."""
    total = counts.sum()
    rows = counts.sum(axis=1, keepdims=True) + np.float32(1e-9)
    columns = (counts.sum(axis=0, keepdims=True) + np.float32(1e-9)) ** np.float32(0.75)
    columns *= total / columns.sum()
    found: Floats = np.log(np.maximum(counts * total / (rows * columns), np.float32(1)))
    return found


def directions(table: Floats) -> Floats:
    """Return (rows, at most _NUMBERS) unit vectors of the largest singular values, by randomised SVD with power iterations."""
    random = np.random.default_rng(0)
    size = min(_NUMBERS + _SPARE, len(table))
    part = np.linalg.qr(table @ random.standard_normal((table.shape[1], size)).astype(np.float32))[0]
    for _ in range(_SHARPENED):
        part = np.linalg.qr(table @ (table.T @ part))[0]
    left, values, _ = np.linalg.svd(part.T @ table, full_matrices=False)
    found = (part @ left)[:, :_NUMBERS] * np.sqrt(values[:_NUMBERS])
    return _units(found)


def means(points: Floats, number: int) -> Ints:
    """Return (points,) the cluster of each unit vector, below `number`: k-means by angle, initialised with frequent words."""
    centres = points[np.linspace(0, min(len(points), 3 * number) - 1, number).astype(np.int64)]
    nearest: Ints = np.zeros(len(points), dtype=np.int64)
    for _ in range(_ROUNDS):
        nearest = np.argmax(points @ centres.T, axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points)
        taken = np.bincount(nearest, minlength=number) > 0
        centres[taken] = _units(sums[taken])
    return nearest


def _units(vectors: Floats) -> Floats:
    units: Floats = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(1e-9))
    return units
