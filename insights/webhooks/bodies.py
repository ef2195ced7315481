"""The body of a message, made from the event when it is sent, so that no copy of spoken words is stored."""

import json
from datetime import datetime
from typing import Any

from insights import events
from insights.events import UnknownEvent
from insights.models import Event, WebhookDelivery
from insights.payloads import iso
from insights.snapshots import JsonObject
from insights.webhooks.kinds import CONVERSATION_STATUS, JOB_STATUS, TEST


def body_of(delivery: WebhookDelivery) -> bytes | None:
    """Return the JSON of a message; None if there is nothing to say any more, because the event was emptied."""
    if delivery.kind == JOB_STATUS:
        return _encoded({"jobId": str(delivery.endpoint.job_id), "status": delivery.status_word})
    if delivery.kind == CONVERSATION_STATUS:
        return _encoded({"conversationId": str(delivery.conversation_id), "status": delivery.status_word})
    if delivery.kind == TEST:
        return _message(TEST, delivery.created_at, {"message": "This is a test delivery of Parley."})
    return _event_body(delivery)


def _event_body(delivery: WebhookDelivery) -> bytes | None:
    if delivery.conversation_id is None or delivery.event_number is None:
        return None
    row = Event.objects.filter(conversation_id=delivery.conversation_id, number=delivery.event_number).first()
    if row is None:
        return None
    event = events.parse(row.kind, row.payload)
    if isinstance(event, UnknownEvent):
        return None
    data: JsonObject = {"conversationId": str(delivery.conversation_id), "eventNumber": row.number, **events.dump(event)}
    return _message(delivery.kind, row.created_at, data)


def _message(kind: str, at: datetime, data: JsonObject) -> bytes:
    return _encoded({"type": kind, "timestamp": iso(at), "data": data})


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
