"""The events of a conversation after a cursor. Not part of Symbl's API; for clients that keep a copy or catch up."""

import json
from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema
from pydantic import JsonValue

from insights import queries
from insights.api.paging import of_conversation, responses
from insights.events import UnknownEvent
from insights.models import Conversation
from insights.payloads import StoredEvent, iso

router = Router(tags=["Events"])
_BATCH = 100


class Cursor(Schema):
    """The number of the last event that you have, and the largest number of events to return."""

    after: int = Field(0, ge=0, le=2**53)
    limit: int = Field(queries.MOST_EVENTS, ge=1, le=queries.MOST_EVENTS)


class EventOut(Schema):
    """An event with its complete payload. The payload is empty if this version does not know the kind."""

    number: int
    kind: str
    payload: dict[str, JsonValue]
    at: str


class EventList(Schema):
    """Events in order without gaps. `lastEvent` is the number of the newest event; while you are below it, request more events."""

    events: list[EventOut]
    lastEvent: int


@router.get("/v1/conversations/{conversation_id}/events", response=responses(EventList), summary="List events")
def list_events(request: HttpRequest, conversation_id: str, cursor: Query[Cursor]) -> HttpResponseBase:
    """Return the events with numbers above `after`."""
    return of_conversation(request, conversation_id, lambda conversation: _pieces(conversation, cursor.after, cursor.limit))


def _pieces(conversation: Conversation, after: int, limit: int) -> Iterator[str]:
    last, text = after, '{"events": ['
    while limit > 0:
        events = queries.events_after(conversation.id, last, min(limit, _BATCH))
        if events:
            yield text + json.dumps([_form(event) for event in events])[1:-1]
            last, text = events[-1].number, ", "
        if len(events) < min(limit, _BATCH):
            break
        limit -= len(events)
    newest = max(conversation.last_event, last) if text == ", " else conversation.last_event
    yield ("" if text == ", " else text) + f'], "lastEvent": {newest}}}'


def _form(event: StoredEvent) -> dict[str, object]:
    """Return an EventOut."""
    payload = {} if isinstance(event.event, UnknownEvent) else event.payload
    return {"number": event.number, "kind": event.kind, "payload": payload, "at": iso(event.at)}
