"""The model that separates persons from other capitalised phrases."""

from pathlib import Path

import numpy as np

from insights.analysis.names import tagger
from insights.analysis.names.proper_nouns import candidates, signs
from insights.analysis.text.words import tokens


def _is_person(text: str) -> bool:
    """What the shipped model says of the only capitalised phrase of a text."""
    (one,) = candidates(tokens(text), text)
    return tagger.is_person(signs(one, text))


def test_the_shipped_model_separates_persons_from_things() -> None:
    """An addressee is a person, and a thing with a capital is none."""
    assert _is_person("I will ask Odile about it")
    assert not _is_person("we could call it Blackberry")


def test_each_feature_counts_once() -> None:
    """Buckets are distinct, in order, and inside the table."""
    places = tagger.places(["a", "b", "a"])
    assert places == sorted(set(places))
    assert len(places) == 2
    assert all(0 <= place < tagger.SIZE for place in places)


def test_weights_are_read_back(tmp_path: Path) -> None:
    """Saved weights are read back in half precision."""
    weights = np.zeros(tagger.SIZE, dtype=np.float32)
    weights[7] = 1.5
    tagger.save(tmp_path / "names.npz", weights, -0.25)
    loaded, intercept = tagger.load(tmp_path / "names.npz")
    assert np.array_equal(loaded, weights)
    assert intercept == -0.25
