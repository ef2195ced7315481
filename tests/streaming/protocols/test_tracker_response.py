"""`tracker_response`: phrases that somebody watches for."""

from insights.events import TrackerSnapshot
from insights.events import parse as parse_event
from streaming.protocols.symbl import View, render_event, tracker_response
from tests.streaming.protocols.samples import tracker


def test_its_shape() -> None:
    """A stored match is final and refers to the message and the insight it stands in."""
    (response,) = render_event(parse_event("trackers", {"trackers": [tracker()]}), 8, View())
    assert response == {"type": "tracker_response", "isFinal": True, "trackers": [tracker()], "sequenceNumber": 8}


def test_an_interim_match_is_not_final_and_not_numbered() -> None:
    """What was found in interim text may still change, so it has no number."""
    assert tracker_response([TrackerSnapshot.parse(tracker())], is_final=False) == {
        "type": "tracker_response",
        "isFinal": False,
        "trackers": [tracker()],
    }


def test_no_tracker_is_no_response() -> None:
    """An empty event sends nothing."""
    assert render_event(parse_event("trackers", {"trackers": []}), 1, View()) == []
