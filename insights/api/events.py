"""What happened after a number: our own addition, for whoever keeps a copy or was away."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api import auth
from insights.payloads import iso

router = Router(tags=["Events"])


class Cursor(Schema):
    """The last number that the caller has seen, and how many events to answer at most."""

    after: int = Field(0, ge=0, le=2**53)
    limit: int = Field(queries.MOST_EVENTS, ge=1, le=queries.MOST_EVENTS)


class EventOut(Schema):
    """One event; its payload is complete."""

    number: int
    kind: str
    payload: dict[str, Any]
    at: str


class EventList(Schema):
    """Events in order without gap. `lastEvent` is the newest number there is: below it, ask again from the last one you got."""

    events: list[EventOut]
    lastEvent: int


@router.get("/v1/conversations/{conversation_id}/events", response=EventList, summary="Read what happened after an event")
def list_events(request: HttpRequest, conversation_id: str, cursor: Query[Cursor]) -> EventList:
    """Answer the events with numbers above `after`."""
    conversation = auth.conversation(request, conversation_id)
    events = queries.events_after(conversation.id, cursor.after, cursor.limit)
    out = [EventOut(number=event.number, kind=event.kind, payload=event.payload, at=iso(event.at)) for event in events]
    return EventList(events=out, lastEvent=max([conversation.last_event, *(event.number for event in events)]))
