"""GET /v1/conversations/{id}/events."""

import pytest

from insights import queries
from insights.models import Conversation
from tests.insights.api.conftest import Api


def test_everything_from_the_beginning(api: Api, talk: Conversation) -> None:
    """Without a cursor the response holds all stored events, numbered from 1."""
    answer = api.read("/events")
    assert [event["number"] for event in answer["events"]] == list(range(1, talk.last_event + 1))
    assert answer["lastEvent"] == talk.last_event
    stored = queries.events_after(talk.id, 0)
    assert [(event["kind"], event["payload"]) for event in answer["events"]] == [(event.kind, event.payload) for event in stored]


def test_pages_return_every_event_once(api: Api, talk: Conversation) -> None:
    """Pages that each start after the previous page's last number return every event once."""
    everything, seen = api.read("/events")["events"], []
    while page := api.read("/events", after=seen[-1]["number"] if seen else 0, limit=3)["events"]:
        seen += page
    assert seen == everything


@pytest.mark.parametrize("query", [{"after": -1}, {"after": "x"}, {"after": 2**64}, {"limit": 0}, {"limit": 501}])
def test_an_invalid_cursor_is_named(api: Api, query: dict[str, object]) -> None:
    """An invalid cursor gets 400 with the name of the field."""
    answer = api.get("/events", **query)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(next(iter(query)))
