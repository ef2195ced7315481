"""The shipped weights, and the format of weights."""

from importlib.resources import files
from pathlib import Path

import numpy as np

from insights.analysis.acts import features, weights
from insights.analysis.acts.mixture import EXPERTS, FACTS, KINDS, TASKS, Combiner, gate_view, unchanged
from insights.analysis.acts.rule_features import NAMES
from insights.analysis.acts.talk_type import SIGNS
from insights.analysis.acts.word_classes import COARSE, FINE, NONE, Classes
from insights.training.net import begin
from tests.insights.analysis.talk import said

WIDTH = len(weights.ALL_HEADS) + len(weights.HEADS) + SIGNS + len(NAMES) + FACTS
_GATE = gate_view(np.zeros((1, WIDTH), dtype=np.float32)).shape[1]


def _combiner() -> Combiner:
    experts = tuple(np.ones((WIDTH, len(EXPERTS[task])), dtype=np.float32) for task in TASKS)
    return Combiner(np.zeros((_GATE, len(KINDS)), dtype=np.float32), experts, tuple(unchanged(len(EXPERTS[task])) for task in TASKS))


def test_heads_are_rounded(tmp_path: Path) -> None:
    """Columns are exact, and weights have an error below a hundredth of the largest."""
    columns = np.array([0, 7, 500_000], dtype=np.int64)
    values = np.array([1.0, -0.25, 0.5], dtype=np.float32)
    heads = [(columns, values * (number + 1), 0.5) for number in range(len(weights.ALL_HEADS))]
    weights.save(tmp_path / "acts.npz", heads, NONE, begin(np.ones((1, 8), dtype=np.float32), np.random.default_rng(2)), _combiner())
    model = weights.load(tmp_path / "acts.npz")
    assert np.allclose(model.table[columns, 2], values * 3, atol=0.03)
    assert np.count_nonzero(model.table[:, 2]) == 3
    assert model.intercepts.tolist() == [0.5] * len(weights.ALL_HEADS)


def test_the_network_is_rounded(tmp_path: Path) -> None:
    """Embeddings have an error below a hundredth of their column's largest; other arrays have three digits."""
    net = begin(np.ones((1, 8), dtype=np.float32), np.random.default_rng(2))
    none = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), 0.0)
    weights.save(tmp_path / "acts.npz", [none] * len(weights.ALL_HEADS), NONE, net, _combiner())
    loaded = weights.load(tmp_path / "acts.npz").net
    for name, array in net.arrays.items():
        assert np.allclose(loaded.arrays[name], array, atol=0.01 * float(np.abs(array).max()) + 1e-6)


def test_classes_are_kept(tmp_path: Path) -> None:
    """Every word keeps its classes, the largest numbers too."""
    classes = Classes({2**32 - 1: (COARSE - 1, FINE - 1), 7: (0, 300)})
    none = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), 0.0)
    net = begin(np.ones((1, 8), dtype=np.float32), np.random.default_rng(2))
    weights.save(tmp_path / "acts.npz", [none] * len(weights.ALL_HEADS), classes, net, _combiner())
    assert weights.load(tmp_path / "acts.npz").classes.of == classes.of


def test_talk_type_equals_the_live_path() -> None:
    """The logits of the type are the same by words and by features."""
    model = weights.shipped()
    found = features.extract(said("we should order new batteries"), [said("okay then")], model.classes)
    likeness = model.likeness(features.word_hashes("we should order new batteries"))
    assert np.allclose(model.head_logits(found)[len(weights.HEADS) :], likeness, atol=1e-4)


def test_shipped_weights_fit_the_code() -> None:
    """The file is small and has a value for every feature, cue and expert, and word classes."""
    model = weights.shipped()
    assert len(model.classes.of) > 4000
    assert model.table.shape == (features.SIZE, len(weights.ALL_HEADS))
    assert model.combiner.gate.shape == (_GATE, len(KINDS))
    assert [expert.shape for expert in model.combiner.experts] == [(WIDTH, len(EXPERTS[task])) for task in TASKS]
    assert (
        sum(len(file.read_bytes()) for file in (files("insights.analysis") / "weights").iterdir() if file.name.endswith(".npz")) < 5_000_000
    )


def test_weights_are_read_once() -> None:
    """All callers share one object."""
    assert weights.shipped() is weights.shipped()
