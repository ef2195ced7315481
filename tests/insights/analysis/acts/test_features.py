"""Hashed features of a message in its context."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.analysis.acts import features
from insights.analysis.acts.word_classes import STRENGTH, Classes
from tests.insights.analysis.talk import BOB, JANE, said


def _same(first: features.Features, second: features.Features) -> bool:
    return np.array_equal(first.ids, second.ids) and np.array_equal(first.values, second.values)


def test_what_a_recogniser_drops_is_ignored() -> None:
    """Case, punctuation, hesitations and repeated words do not change the features."""
    clean = features.extract(said("the plan works well"), [])
    assert _same(features.extract(said("Um, the the plan... works, uh, well!"), []), clean)


def test_words_and_their_order_count() -> None:
    """Other words or another order give other features."""
    assert not _same(features.extract(said("you will"), []), features.extract(said("will you"), []))


def test_context_counts() -> None:
    """The previous message and its speaker change the features."""
    alone = features.extract(said("I can do that"), [])
    asked = features.extract(said("I can do that"), [said("who sends the mail", JANE)])
    own = features.extract(said("I can do that"), [said("who sends the mail", BOB)])
    assert not _same(alone, asked)
    assert not _same(asked, own)


def test_only_the_last_messages_count() -> None:
    """Older messages change no feature."""
    recent = [said(f"message number {number}", JANE) for number in range(6)]
    assert _same(features.extract(said("okay"), [said("secret words"), *recent]), features.extract(said("okay"), recent))


def test_classes_come_last() -> None:
    """Words of one class share features after those of all words, and their norm does not grow with the message."""
    classes = Classes({features.word_hashes(word)[0]: (3, 14) for word in ("send", "give")})
    plain = features.extract(said("send it"), [])
    sent, other = (features.extract(said(text), [], classes) for text in ("send it", "give it"))
    front = len(plain.ids)
    assert sent.ids[:front].tolist() == plain.ids.tolist()
    told = sent.ids[front:].tolist()
    assert told == other.ids[-len(told) :].tolist()
    assert int(plain.ids.max()) < features.WORDS_END <= int(sent.ids[front:].min())
    assert float(np.square(sent.values[front:]).sum()) == pytest.approx(STRENGTH**2)


def test_hashes_are_the_same_on_every_machine() -> None:
    """The shipped weights depend on these numbers."""
    assert features.extract(said("hello world"), []).ids[:2].tolist() == HELLO_WORLD


@given(st.text(max_size=100), st.text(max_size=40))
def test_any_text(text: str, before: str) -> None:
    """No text raises an error, and ids are in range with one value each."""
    found = features.extract(said(text), [said(before, JANE)])
    assert found.ids.shape == found.values.shape
    assert int(found.ids.max()) < features.SIZE


HELLO_WORLD = [466143, 193685]
