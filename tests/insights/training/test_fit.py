"""Fitting of linear models."""

import numpy as np
import pytest

from insights.training.fit import Vector, lbfgs, logistic
from insights.training.matrix import Matrix, compact


def _matrix(rows: list[list[int]], width: int) -> Matrix:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    columns = np.array([column for row in rows for column in row], dtype=np.int32)
    return Matrix(starts, columns, np.ones(len(columns), dtype=np.float32), width)


def test_lbfgs_finds_the_minimum() -> None:
    """The minimum of a skewed quadratic function is found."""
    scale = np.array([1.0, 50.0, 0.1])
    bottom = np.array([3.0, -2.0, 5.0])

    def bowl(point: Vector) -> tuple[float, Vector]:
        away = point - bottom
        return float((scale * away * away).sum()), 2 * scale * away

    assert lbfgs(bowl, np.zeros(3), 100) == pytest.approx(bottom, abs=1e-2)


def test_an_informative_column_gets_its_weight() -> None:
    """Column 0 means yes, column 1 means no, column 2 means nothing."""
    rows = [[0, 2], [1, 2], [0], [1]] * 25
    matrix, kept = compact(_matrix(rows, 5), least=2)
    weights = logistic(matrix, np.array([1.0, 0.0, 1.0, 0.0] * 25), penalty=1.0)
    assert kept.tolist() == [0, 1, 2]
    assert weights[0] > 1 > -1 > weights[1]
    assert abs(weights[2]) < 0.1


def test_the_intercept_takes_the_share() -> None:
    """Without informative columns the probability is the share of positives."""
    matrix, _ = compact(_matrix([[0]] * 100, 1), least=200)
    weights = logistic(matrix, np.array([1.0] * 20 + [0.0] * 80), penalty=1.0)
    assert 1 / (1 + np.exp(-weights[-1])) == pytest.approx(0.2, abs=1e-3)
