"""The shipped weights, and how weights are written and read."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from insights.analysis import features, weights
from insights.analysis.combiner import EXPERTS, FACTS, KINDS, TASKS, Combiner
from insights.analysis.cues import NAMES


def _combiner() -> Combiner:
    width = len(weights.HEADS) + len(NAMES) + FACTS
    experts = tuple(np.ones((width, len(EXPERTS[task])), dtype=np.float32) for task in TASKS)
    ones = np.ones(len(TASKS), dtype=np.float32)
    return Combiner(np.zeros((width, len(KINDS)), dtype=np.float32), experts, ones, 0 * ones)


def test_heads_come_back_rounded(tmp_path: Path) -> None:
    """Columns are exact, weights right to a hundredth of the largest."""
    columns = np.array([0, 7, 500_000], dtype=np.int64)
    values = np.array([1.0, -0.25, 0.5], dtype=np.float32)
    heads = [(columns, values * (number + 1), 0.5) for number in range(len(weights.HEADS))]
    weights.save(tmp_path / "acts.npz", heads, _combiner())
    model = weights.load(tmp_path / "acts.npz")
    assert np.allclose(model.table[columns, 2], values * 3, atol=0.03)
    assert np.count_nonzero(model.table[:, 2]) == 3
    assert model.intercepts.tolist() == [0.5] * len(weights.HEADS)


def test_shipped_weights_fit_the_code() -> None:
    """The file in the package is small and has a place for every feature, cue and expert."""
    model = weights.shipped()
    width = len(weights.HEADS) + len(NAMES) + FACTS
    assert model.table.shape == (features.SIZE, len(weights.HEADS))
    assert model.combiner.gate.shape == (width, len(KINDS))
    assert [expert.shape for expert in model.combiner.experts] == [(width, len(EXPERTS[task])) for task in TASKS]
    assert (
        sum(len(file.read_bytes()) for file in (files("insights.analysis") / "weights").iterdir() if file.name.endswith(".npz")) < 5_000_000
    )


def test_weights_are_read_once() -> None:
    """All callers share one table."""
    assert weights.shipped() is weights.shipped()
