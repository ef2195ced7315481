"""What many listeners of the same words are told: made once, the same for everybody."""

import json
from uuid import uuid4

from streaming.cluster.transcript_update import Heard
from streaming.hearing.recognisers.base import Word
from streaming.transports import telling


def heard(text: str) -> Heard:
    """Return an interim result of one word."""
    return Heard(1, uuid4(), text, (Word(text, 0.0, 0.5, 0.9),), 0.9, False)


def test_every_listener_gets_the_same_text() -> None:
    """A recognition result is rendered once for all listeners of a process."""
    result = heard("Hello.")
    assert telling.rendered_heard(result) is telling.rendered_heard(result)


def test_results_are_not_confused() -> None:
    """However many results there were, each is told with its own words, and not all of them are remembered."""
    told = [telling.rendered_heard(heard(f"word{number}")) for number in range(3 * telling.REMEMBERED)]
    texts = [json.loads(text)["message"]["punctuated"]["transcript"] for (text,) in told]
    assert texts == [f"word{number}" for number in range(3 * telling.REMEMBERED)]
    assert len(telling._heard) == telling.REMEMBERED
