"""Fits heads and network, each on the rows of its corpus, and out of fold for the combiner, which needs unbiased logits."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts.cnn import Net
from insights.analysis.acts.mixture import HEADS
from insights.analysis.acts.weights import ALL_HEADS, KIND_HEADS
from insights.training import auxiliary_tasks
from insights.training import net as training
from insights.training.corpora import Row
from insights.training.fit import logistic
from insights.training.matrix import Matrix, Seen, compact, project

FOLDS = 3

_AGAINST = {"ami": ("mrda",), "email": ("ami", "mrda"), "own": ("ami", "mrda", "email")}
"""The corpora that each head of the gate distinguishes its own corpus from."""

_PENALTY = {"ami": 2.0, "mrda": 3.0, "email": 3.0, "own": 1.0, "is": 2.0}
_LEAST = {"ami": 2, "mrda": 2, "email": 1, "own": 1, "is": 3}


@dataclass(frozen=True)
class Head:
    """columns (ascending) of the hashed features, their weights, and the intercept."""

    columns: NDArray[np.int64]
    weights: NDArray[np.float32]
    intercept: float

    def logits(self, matrix: Matrix) -> NDArray[np.float32]:
        """Return (rows,) logits for rows over all hashed features."""
        place = np.full(matrix.width, -1, dtype=np.int32)
        place[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        small = project(matrix, place, len(self.columns))
        return small.times(np.append(self.weights, np.float32(self.intercept))).astype(np.float32)


def labels_of(rows: Sequence[Row], name: str) -> NDArray[np.int8]:
    """Return (rows,) labels of a head: 1, 0, or -1 where the row has none."""
    corpus, label = name.split("/")
    if corpus == "is":
        return np.array([1 if row.corpus == label else 0 if row.corpus in _AGAINST[label] else -1 for row in rows], dtype=np.int8)
    values = ((getattr(row, label) if row.corpus == corpus else None) for row in rows)
    return np.array([-1 if value is None else value for value in values], dtype=np.int8)


def folds_of(rows: Sequence[Row]) -> NDArray[np.int8]:
    """Return (rows,) fold of each row: all rows of one conversation (of one own sentence, in any style) are in one fold."""
    return np.array([crc32(row.origin.encode()) % FOLDS for row in rows], dtype=np.int8)


def fit_head(matrix: Matrix, labels: NDArray[np.int8], rows: NDArray[np.int64], corpus: str) -> Head:
    """Fit one head on the given rows."""
    small, columns = compact(matrix.rows(rows), _LEAST[corpus])
    weights = logistic(small, labels[rows].astype(np.float64), _PENALTY[corpus], rounds=45 if corpus == "is" else 60)
    return Head(columns, weights[:-1], float(weights[-1]))


def fit_all(seen: Seen, rows: Sequence[Row]) -> tuple[list[Head], NDArray[np.float32]]:
    """Return (heads in the order of ALL_HEADS, (rows, heads) logits).

    Logits are out of fold for the training rows of a head, and plain for all other rows.
    """
    folds = folds_of(rows)
    logits = np.zeros((len(rows), len(ALL_HEADS)), dtype=np.float32)
    heads = []
    for number, name in enumerate(ALL_HEADS):
        matrix, labels = _matrix(seen, name), labels_of(rows, name)
        known = labels >= 0
        head = fit_head(matrix, labels, np.flatnonzero(known), name.split("/")[0])
        heads.append(head)
        column = head.logits(matrix)
        for fold in range(FOLDS):
            mine = np.flatnonzero(known & (folds == fold))
            if len(mine):
                other = fit_head(matrix, labels, np.flatnonzero(known & (folds != fold)), name.split("/")[0])
                column[mine] = other.logits(matrix.rows(mine))
        logits[:, number] = column
    return heads, logits


def logits_of(heads: Sequence[Head], seen: Seen) -> NDArray[np.float32]:
    """Return (rows, heads) logits."""
    return np.stack([head.logits(_matrix(seen, name)) for head, name in zip(heads, ALL_HEADS, strict=True)], axis=1)


def _matrix(seen: Seen, name: str) -> Matrix:
    return seen.plain if name in KIND_HEADS else seen.matrix


def fit_net(seen: Seen, rows: Sequence[Row]) -> tuple[Net, NDArray[np.float32]]:
    """Return (network, (rows, HEADS) logits). The logits are out of fold: a third of the conversations is left out each time."""
    own = np.stack([labels_of(rows, name) for name in HEADS], axis=1).astype(np.float32)
    labels = np.concatenate([own, auxiliary_tasks.labels(rows, auxiliary_tasks.names(rows))], axis=1)
    thirds = folds_of(rows)
    logits = np.zeros(own.shape, dtype=np.float32)
    for third in range(FOLDS):
        mine = np.flatnonzero(thirds == third)
        if len(mine):
            other = training.fit(seen.views, labels, np.flatnonzero(thirds != third))
            logits[mine] = training.logits(other, [seen.views[row] for row in mine])
    return training.fit(seen.views, labels, np.arange(len(rows))), logits
