"""Feature rows as one sparse matrix, and the products needed for fitting. Numpy only, one process, reproducible to the digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import features
from insights.analysis.acts.cnn import NetworkInput, view
from insights.analysis.acts.word_classes import Classes
from insights.analysis.types import Said
from insights.training.corpora import Row, by_conversation

_THEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Matrix:
    """Compressed sparse rows: row i has columns[starts[i]:starts[i + 1]] with the same slice of values; width is the number of columns."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.starts) - 1

    def times(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return (height,) products with one weight per column. Every row must have at least one entry."""
        return np.add.reduceat(weights[self.columns] * self.values, self.starts[:-1]).astype(np.float64)

    def back(self, residuals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (width,) products of the transpose with one number per row."""
        spread = np.repeat(residuals.astype(np.float32), np.diff(self.starts))
        return np.bincount(self.columns, weights=spread * self.values, minlength=self.width).astype(np.float64)

    def rows(self, chosen: NDArray[np.int64]) -> "Matrix":
        """Return the matrix of the chosen rows."""
        lengths = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(self.starts[chosen] - starts[:-1], lengths) + np.arange(starts[-1])
        return Matrix(starts, self.columns[places], self.values[places], self.width)


@dataclass(frozen=True)
class Seen:
    """All model inputs, row by row; context is what came before in the same conversation.

    matrix: features.SIZE columns; plain: its part for the message's own single words and pairs; shown: cues of each row;
    words (rows,): number of words; views: inputs of the network.
    """

    matrix: Matrix
    plain: Matrix
    shown: list[tuple[int, ...]]
    words: NDArray[np.int32]
    views: list[NetworkInput]


def build(rows: Sequence[Row], classes: Classes) -> Seen:
    """Return the model inputs of these rows."""
    ids: list[NDArray[np.uint32]] = []
    values: list[NDArray[np.float32]] = []
    shown: list[tuple[int, ...]] = []
    words: list[int] = []
    views: list[NetworkInput] = []
    for conversation in by_conversation(rows):
        before: list[Said] = []
        for row in conversation:
            said = Said(row.text, row.speaker, _THEN, index=row.index)
            glance = features.glance(said, before)
            found = features.hashed(glance, classes)
            views.append(view(glance))
            ids.append(found.ids)
            values.append(found.values)
            shown.append(found.cues)
            words.append(found.words)
            before = [*before[-(features.NEAR - 1) :], said]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in ids])]).astype(np.int64)
    matrix = Matrix(starts, np.concatenate(ids).astype(np.int32), np.concatenate(values), features.SIZE)
    plain = fronts(matrix, np.array([features.plain_length(number) for number in words], dtype=np.int64))
    return Seen(matrix, plain, shown, np.array(words, dtype=np.int32), views)


def fronts(matrix: Matrix, lengths: NDArray[np.int64]) -> Matrix:
    """Return the first entries of each row, `lengths` (rows,) of them."""
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.repeat(matrix.starts[:-1] - starts[:-1], lengths) + np.arange(starts[-1])
    return Matrix(starts, matrix.columns[places], matrix.values[places], matrix.width)


def compact(matrix: Matrix, least: int) -> tuple[Matrix, NDArray[np.int64]]:
    """Return the matrix over the columns with at least `least` entries, and those columns; a final column of ones is the intercept."""
    counts = np.bincount(matrix.columns, minlength=matrix.width)
    kept = np.flatnonzero(counts >= least)
    place = np.full(matrix.width, -1, dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return project(matrix, place, len(kept)), kept


def project(matrix: Matrix, place: NDArray[np.int32], width: int) -> Matrix:
    """Map columns through `place` (-1 = dropped), and append a column of ones."""
    columns = place[matrix.columns]
    keep = columns >= 0
    row = np.repeat(np.arange(matrix.height), np.diff(matrix.starts))[keep]
    lengths = np.bincount(row, minlength=matrix.height)
    starts = np.concatenate([[0], np.cumsum(lengths + 1)]).astype(np.int64)
    where = np.arange(len(row)) + row
    out_columns = np.full(starts[-1], width, dtype=np.int32)
    out_values = np.ones(starts[-1], dtype=np.float32)
    out_columns[where] = columns[keep]
    out_values[where] = matrix.values[keep]
    return Matrix(starts, out_columns, out_values, width + 1)
