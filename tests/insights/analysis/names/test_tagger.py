"""The model that tells persons from other capitals."""

from pathlib import Path

import numpy as np

from insights.analysis.names import tagger
from insights.analysis.names.proper_nouns import candidates, signs
from insights.analysis.text.words import tokens


def _is_person(text: str) -> bool:
    """What the shipped model says of the only run of capitals in a text."""
    (one,) = candidates(tokens(text), text)
    return tagger.is_person(signs(one, text))


def test_the_shipped_model_tells_names_from_things() -> None:
    """Somebody asked is a person, a thing with a capital is none."""
    assert _is_person("I will ask Odile about it")
    assert not _is_person("we could call it Blackberry")


def test_each_sign_counts_once() -> None:
    """Buckets are distinct, in order, and inside the table."""
    places = tagger.places(["a", "b", "a"])
    assert places == sorted(set(places))
    assert len(places) == 2
    assert all(0 <= place < tagger.SIZE for place in places)


def test_weights_survive_being_saved(tmp_path: Path) -> None:
    """What was written is read again, at half precision."""
    weights = np.zeros(tagger.SIZE, dtype=np.float32)
    weights[7] = 1.5
    tagger.save(tmp_path / "names.npz", weights, -0.25)
    loaded, intercept = tagger.load(tmp_path / "names.npz")
    assert np.array_equal(loaded, weights)
    assert intercept == -0.25
