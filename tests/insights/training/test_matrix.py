"""Sparse matrices."""

from itertools import pairwise

import numpy as np

from insights.analysis.acts import features
from insights.analysis.acts.word_classes import NONE, Classes
from insights.training.corpora import Row
from insights.training.matrix import Matrix, build, project

MATRIX = Matrix(np.array([0, 2, 3, 5]), np.array([0, 2, 1, 0, 1], dtype=np.int32), np.array([1, 2, 3, 4, 5], dtype=np.float32), 3)
DENSE = np.array([[1, 0, 2], [0, 3, 0], [4, 5, 0]])


def test_products() -> None:
    """Both products equal those of the dense matrix."""
    weights = np.array([1, 10, 100], dtype=np.float32)
    assert MATRIX.times(weights).tolist() == (DENSE @ weights).tolist()
    assert MATRIX.back(np.array([1.0, 2.0, 3.0])).tolist() == (DENSE.T @ np.array([1, 2, 3])).tolist()


def test_selected_rows() -> None:
    """Rows are in the requested order."""
    chosen = MATRIX.rows(np.array([2, 0]))
    assert chosen.times(np.array([1, 1, 1], dtype=np.float32)).tolist() == [9, 3]


def test_projection_drops_columns_and_adds_ones() -> None:
    """Dropped columns are gone, and an empty row keeps its constant."""
    small = project(MATRIX, np.array([0, -1, -1], dtype=np.int32), 1)
    assert small.times(np.array([1, 100], dtype=np.float32)).tolist() == [101, 100, 104]


def test_rows_include_the_context() -> None:
    """The same words get other features after another message, and none across conversations."""
    rows = [Row("ami", "a", 0, "A", "who can"), Row("ami", "a", 1, "B", "I can"), Row("ami", "b", 1, "B", "I can")]
    seen = build(rows, NONE)
    lengths = np.diff(seen.matrix.starts).tolist()
    assert lengths[1] > lengths[2]
    assert (len(seen.shown), seen.words.tolist(), seen.matrix.width) == (3, [2, 2, 2], features.SIZE)
    assert [len(one.bag) for one in seen.views] == [1, 1, 1]


def test_classes_are_features_of_the_heads_only() -> None:
    """Classes make a row longer; the inputs of the gate and of the network stay the same."""
    rows = [Row("ami", "a", 0, "A", "who can")]
    without, having = build(rows, NONE), build(rows, Classes({features.word_hashes("can")[0]: (1, 2)}))
    assert without.matrix.starts[-1] < having.matrix.starts[-1]
    assert without.plain.columns.tolist() == having.plain.columns.tolist()
    assert without.views[0].words.tolist() == having.views[0].words.tolist()


def test_plain_rows_are_the_message_alone() -> None:
    """The first part of a row does not depend on the context, and equals that of the live path."""
    rows = [Row("ami", "a", 0, "A", "who can"), Row("ami", "a", 1, "B", "I can"), Row("ami", "b", 1, "B", "I can")]
    plain = build(rows, NONE).plain
    parts = [plain.columns[start:end].tolist() for start, end in pairwise(plain.starts)]
    assert parts[1] == parts[2] == features.plain_ids(features.word_hashes("I can")).tolist()
