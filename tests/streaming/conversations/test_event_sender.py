"""What many listeners of the same words are told: made once, the same for everybody."""

import json
from uuid import uuid4

from streaming.cluster.transcript_update import TranscriptUpdate
from streaming.conversations import event_sender
from streaming.speech.engines.base import Word


def heard(text: str) -> TranscriptUpdate:
    """Return an interim result of one word."""
    return TranscriptUpdate(1, uuid4(), text, (Word(text, 0.0, 0.5, 0.9),), 0.9, False)


def test_every_listener_gets_the_same_text() -> None:
    """A recognition result is rendered once for all listeners of a process."""
    result = heard("Hello.")
    assert event_sender.rendered_update(result) is event_sender.rendered_update(result)


def test_results_are_not_confused() -> None:
    """However many results there were, each is told with its own words, and not all of them are remembered."""
    told = [event_sender.rendered_update(heard(f"word{number}")) for number in range(3 * event_sender.REMEMBERED)]
    texts = [json.loads(text)["message"]["punctuated"]["transcript"] for (text,) in told]
    assert texts == [f"word{number}" for number in range(3 * event_sender.REMEMBERED)]
    assert len(event_sender._rendered_updates) == event_sender.REMEMBERED
