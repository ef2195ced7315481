"""`tracker_response`: matches of tracked phrases."""

from dataclasses import replace

from insights import insight_kinds
from insights.events import parse as parse_event
from insights.insight_kinds import ACTION_ITEM
from insights.snapshots import TrackerSnapshot
from streaming.protocols.symbl import View, render_event, tracker_response
from tests.insights.decisions.kinds import DECISION
from tests.streaming.protocols.samples import insight, tracker


def test_its_shape() -> None:
    """A stored match is final and refers to its message and its insight."""
    (response,) = render_event(parse_event("trackers", {"trackers": [tracker()]}), 8, View())
    assert response == {"type": "tracker_response", "isFinal": True, "trackers": [tracker()], "sequenceNumber": 8}


def test_an_interim_match_is_not_final_and_not_numbered() -> None:
    """A match in an interim result may still change, so it has no number."""
    assert tracker_response([TrackerSnapshot.parse(tracker())], View(), is_final=False) == {
        "type": "tracker_response",
        "isFinal": False,
        "trackers": [tracker()],
    }


def test_no_tracker_is_no_response() -> None:
    """An empty event sends nothing."""
    assert render_event(parse_event("trackers", {"trackers": []}), 1, View()) == []


def test_an_insight_has_the_type_of_its_insight_response() -> None:
    """A reference has the type on the WebSocket, which may differ from the kind and depends on the requested types."""
    verdict = replace(DECISION, wire_name="verdict", counts_as=ACTION_ITEM.name)
    insight_kinds.install([verdict])
    try:
        for wanted, wire_type in {"verdict": "verdict", "action_item": "action_item", "question": "verdict"}.items():
            stored = tracker()
            stored["matches"][0]["insightRefs"][0]["type"] = DECISION.name
            view = View(frozenset({wanted}))
            (response,) = render_event(parse_event("trackers", {"trackers": [stored]}), 8, view)
            (reference,) = response["trackers"][0]["matches"][0]["insightRefs"]
            assert reference == {"id": "i1", "text": "call", "type": wire_type, "offset": 10}
            rendered = render_event(parse_event("insights", {"insights": [insight(type=DECISION.name)]}), 7, view)
            assert [one["type"] for sent in rendered for one in sent["insights"]] == ([wire_type] if wire_type == wanted else [])
    finally:
        insight_kinds.install([])
