"""Training of the network."""

import numpy as np
import pytest

from insights.analysis.acts import features
from insights.analysis.acts.cnn import SHAPES, Floats, Net, NetworkInput, batch, view
from insights.training import net as training
from tests.insights.analysis.talk import BOB, JANE, said


def _views() -> list[NetworkInput]:
    texts = ["can you do it", "I will do it", "it is done", "when is it done"]
    return [view(features.glance(said(text, JANE), [said("well we need it", BOB)] if number else [])) for number, text in enumerate(texts)]


def _loss(net: Net, views: list[NetworkInput], labels: Floats) -> float:
    logits = net.logits(views).astype(np.float64)
    return float((np.logaddexp(0, logits) - labels * logits).sum())


@pytest.mark.parametrize("name", ["words", "windows", "side", "bags", "hidden", "direct", "out", "window_bias", "hidden_bias", "out_bias"])
def test_gradients_are_those_of_the_loss(name: str) -> None:
    """A small step along a gradient changes the loss by the predicted amount."""
    views, labels = _views(), np.eye(4, 8, dtype=np.float32)
    net = training.begin(labels, np.random.default_rng(5))
    given = batch(views)
    logits, trace = net.forward(given)
    ones = dict.fromkeys(("words", "bags", "joined"), np.ones((1, 1), dtype=np.float32))
    errors = (1 / (1 + np.exp(-logits)) - labels).astype(np.float32)
    found = training.gradients(net, given, trace, ones, errors)[name]
    rows, values = found if isinstance(found, tuple) else (slice(None), found)
    step = 1e-3 / float(np.sqrt((values * values).sum()))
    change = []
    for sign in (1, -1):
        moved = Net({key: array.copy() for key, array in net.arrays.items()})
        moved.arrays[name][rows] += np.float32(sign * step) * values
        change.append(_loss(moved, views, labels))
    assert (change[0] - change[1]) / (2 * step) == pytest.approx(float((values * values).sum()), rel=0.03)


def test_training_learns_and_is_deterministic() -> None:
    """Labels that depend on words are learnt, and the same seed gives the same weights."""
    views = _views() * 60
    labels = np.tile(np.array([[1.0] * 8, [0.0] * 8, [0.0] * 8, [1.0] * 8], dtype=np.float32), (60, 1))
    once, again = (training.fit(views, labels, np.arange(240), epochs=12) for _ in range(2))
    assert all(np.array_equal(array, again.arrays[name]) for name, array in once.arrays.items())
    untrained = training.begin(labels, np.random.default_rng(3))
    assert _loss(once, views, labels) < 0.7 * _loss(untrained, views, labels)


def test_auxiliary_outputs_are_dropped() -> None:
    """Outputs after the eighth change the training, and are not in the shipped network."""
    views = _views() * 30
    labels = np.tile(np.eye(4, 8, dtype=np.float32), (30, 1))
    lessons = np.tile(np.array([[1.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]], dtype=np.float32), (30, 1))
    plain = training.fit(views, labels, np.arange(120), epochs=1)
    taught = training.fit(views, np.concatenate([labels, lessons], axis=1), np.arange(120), epochs=1)
    assert {name: array.shape for name, array in taught.arrays.items()} == SHAPES
    assert not np.allclose(plain.arrays["windows"], taught.arrays["windows"])
