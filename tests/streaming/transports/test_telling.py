"""What many listeners of the same words are told: made once, the same for everybody."""

import json
from uuid import uuid4

from streaming.engine.events import Heard
from streaming.transports import telling


def heard(text: str) -> Heard:
    """Return an interim result of one word."""
    word = {"text": text, "start": 0.0, "end": 0.5}
    payload = {"text": text, "words": [word], "confidence": 0.9, "final": False, "member": None, "trackers": []}
    return Heard(1, uuid4(), payload)


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
