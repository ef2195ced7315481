"""The convolutional network beside the linear heads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts import cnn, features
from insights.training.net import begin
from tests.insights.analysis.talk import BOB, JANE, said


@pytest.fixture(scope="module")
def network() -> cnn.Net:
    """A network with random weights."""
    return begin(np.ones((1, 8), dtype=np.float32), np.random.default_rng(1))


def _view(text: str, *before: str) -> cnn.NetworkInput:
    return cnn.view(features.glance(said(text, JANE), [said(one, BOB) for one in before]))


def test_a_batch_gives_the_same_logits(network: cnn.Net) -> None:
    """The other messages of a batch change no logit."""
    views = [_view("who can do that"), _view("I can", "who can do that"), _view("fine", "I can", "good")]
    together = network.logits(views)
    assert together.shape == (3, 8)
    for number, one in enumerate(views):
        assert network.logits([one])[0] == pytest.approx(together[number], abs=1e-5)


def test_order_and_context_count(network: cnn.Net) -> None:
    """Other words, another order and another previous message each change the logits."""
    answers = [network.logits([one])[0, 0] for one in (_view("can you"), _view("you can"), _view("can you", "okay"), _view("can we"))]
    assert len({round(float(answer), 6) for answer in answers}) == 4


def test_sequences_have_edges() -> None:
    """The previous message ends where the current one begins, and each is padded."""
    seen = _view("I can", "who can")
    assert seen.border == 5
    assert len(seen.words) == 9
    assert seen.words[[0, 4, 5, 8]].tolist() == [0, 0, 0, 0]


@given(st.text(max_size=100), st.text(max_size=40))
def test_any_text(text: str, before: str) -> None:
    """Ids stay inside their tables."""
    seen = _view(text, before)
    assert 0 <= seen.words.min() <= seen.words.max() < cnn.WORDS
    assert seen.side.max() < features.SIDE_FACTS
    assert seen.bag.max() <= 2 * cnn.BAG
