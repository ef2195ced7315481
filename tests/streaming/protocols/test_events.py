"""Events in general: numbers, silent kinds, and the view a start_request asks for."""

import pytest

from insights.events import parse as parse_event
from streaming.protocols.symbl import Start, View, conversation_created, insight_types, render_event


def test_a_created_conversation_is_told_to_who_replays_it() -> None:
    """The first event of a conversation is the envelope with its id, numbered like all others."""
    payload = {"conversationId": "42", "name": "Planning", "startedAt": "2026-11-20T09:00:00.000Z"}
    assert render_event(parse_event("conversation_created", payload), 1, View()) == [conversation_created(42) | {"sequenceNumber": 1}]


@pytest.mark.parametrize("kind", ["member_joined", "a_kind_of_tomorrow"])
def test_events_without_a_symbl_message_are_silent(kind: str) -> None:
    """The protocol has no message for them; a kind that this version does not know comes from a later one."""
    assert render_event(parse_event(kind, {"member": {"id": "1"}}), 2, View()) == []


def test_a_view_is_what_the_start_request_asked_for() -> None:
    """Each socket is served by its own start_request."""
    start = Start(insight_types=frozenset({"question"}), confidence_threshold=0.7, sentiment=True, detect_entities=True, timezone_offset=60)
    assert View.of(start, "https://parley.example/c/1") == View(frozenset({"question"}), 0.7, True, True, 60, "https://parley.example/c/1")


def test_a_subscriber_sees_every_type() -> None:
    """Who only listens sends no start_request and gets all insights that are stored."""
    assert (View().insight_types, View().confidence_threshold) == (frozenset(insight_types()), 0.0)
