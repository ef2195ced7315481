"""What happened after a number: our own addition, for whoever keeps a copy or was away."""

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import JsonValue

from insights import queries
from insights.api import auth
from insights.events import UnknownEvent
from insights.payloads import StoredEvent, iso

router = Router(tags=["Events"])


class Cursor(Schema):
    """The last number that the caller has seen, and how many events to answer at most."""

    after: int = Field(0, ge=0, le=2**53)
    limit: int = Field(queries.MOST_EVENTS, ge=1, le=queries.MOST_EVENTS)


class EventOut(Schema):
    """One event; its payload is complete. That of a kind which this version does not know is empty."""

    number: int
    kind: str
    payload: dict[str, JsonValue]
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
    return EventList(
        events=[_out(event) for event in events], lastEvent=max([conversation.last_event, *(event.number for event in events)])
    )


def _out(stored: StoredEvent) -> EventOut:
    payload = {} if isinstance(stored.event, UnknownEvent) else stored.payload
    return EventOut(number=stored.number, kind=stored.kind, payload=payload, at=iso(stored.at))
