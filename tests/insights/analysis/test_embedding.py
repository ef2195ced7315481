"""The vectors of sentences: similar meanings are near each other, and packing keeps that."""

import numpy as np
import pytest

from insights.analysis import embedding
from insights.analysis.embedding import Encoder, packed, similarities

needs_model = pytest.mark.skipif(not embedding.installed(), reason="the packages of requirements/meaning.txt are not installed")


@pytest.fixture(scope="module")
def model() -> Encoder:
    """Return the model."""
    found = embedding.encoder()
    assert found is not None
    return found


@needs_model
def test_similar_meanings_are_near(model: Encoder) -> None:
    """The cosine of two sentences with one meaning is that which the authors of the model publish; of others it is small."""
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    vectors = model.encode(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors[1:] @ vectors[0]).round(2).tolist() == pytest.approx([0.69, 0.94, 0.26], abs=0.02)


@needs_model
def test_batches_change_nothing(model: Encoder) -> None:
    """A text has one vector, alone or among others; an empty and a very long text have one too."""
    texts = ["The hotel is full.", "Yes.", "", "word " * 5000, "The hotel in Porto is full."]
    together = model.encode(texts)
    assert all(np.allclose(model.encode([text])[0], row, atol=1e-5) for text, row in zip(texts, together, strict=True))


def test_packed_vectors() -> None:
    """Signed bytes keep cosines within 0.02; vectors have 384 bytes."""
    vectors = np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stored = packed(vectors)
    assert {len(one) for one in stored} == {384}
    assert np.abs(similarities(stored, vectors[7]) - vectors @ vectors[7]).max() < 0.02


def test_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its packages are missing there is no model."""
    monkeypatch.setattr(embedding, "installed", lambda: False)
    assert embedding.encoder() is None
