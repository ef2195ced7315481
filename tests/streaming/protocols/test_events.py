"""Events in general: numbers, events without a message, and the view that a start_request selects."""

import pytest

from insights.events import parse as parse_event
from streaming.protocols.symbl import Start, View, conversation_created, insight_types, render_event


def test_a_replay_begins_with_conversation_created() -> None:
    """The first event of a conversation is the envelope with its id, numbered like all others."""
    payload = {"conversationId": "42", "name": "Planning", "startedAt": "2026-11-20T09:00:00.000Z"}
    assert render_event(parse_event("conversation_created", payload), 1, View()) == [conversation_created(42) | {"sequenceNumber": 1}]


@pytest.mark.parametrize("kind", ["member_joined", "a_kind_of_tomorrow"])
def test_events_without_a_symbl_message_are_silent(kind: str) -> None:
    """The protocol has no message for them; an unknown kind comes from a later version."""
    assert render_event(parse_event(kind, {"member": {"id": "1"}}), 2, View()) == []


def test_a_view_has_the_options_of_the_start_request() -> None:
    """Each socket has the view of its own start_request."""
    start = Start(insight_types=frozenset({"question"}), confidence_threshold=0.7, sentiment=True, detect_entities=True, timezone_offset=60)
    assert View.of(start, "https://parley.example/c/1") == View(frozenset({"question"}), 0.7, True, True, 60, "https://parley.example/c/1")


def test_a_subscriber_gets_every_type() -> None:
    """A client that only subscribes sends no start_request and gets all stored insights."""
    assert (View().insight_types, View().confidence_threshold) == (frozenset(insight_types()), 0.0)
