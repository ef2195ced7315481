"""`conversation_completed`: the conversation is closed and can be read."""

from insights.events import parse as parse_event
from streaming.protocols.symbl import View, conversation_completed, render_event

URL = "https://parley.example/conversations/42"


def test_the_id_is_in_both_places() -> None:
    """One SDK reads the id beside the type, another inside `data`: both find it, as text."""
    assert conversation_completed(42, URL) == {
        "type": "message",
        "message": {"type": "conversation_completed", "conversationId": "42", "summaryUrl": URL, "data": {"conversationId": "42"}},
    }


def test_the_message_comes_from_the_stored_event() -> None:
    """A subscriber gets it from the event log, with the address of the summary of its view."""
    payload = {"conversationId": "42", "endedAt": "2026-11-20T09:30:00.000Z"}
    rendered = render_event(parse_event("conversation_completed", payload), 9, View(summary_url=URL))
    assert rendered == [conversation_completed("42", URL) | {"sequenceNumber": 9}]
