"""The body of a message, made from the event when it is sent, so that no copy of spoken words is stored."""

import json
from datetime import datetime

from django.conf import settings

from insights import access, events, queries
from insights.events import ConversationCompleted, UnknownEvent
from insights.models import Event, Insight, WebhookDelivery
from insights.payloads import insight_snapshot, iso
from insights.site_address import site_address
from insights.snapshots import JsonObject
from insights.webhooks.webhook_kinds import CONVERSATION_STATUS, JOB_STATUS, TASK_ASSIGNED, TEST


def body_of(delivery: WebhookDelivery) -> bytes | None:
    """Return the JSON of a message; None if there is nothing to say any more: the event was emptied, or its conversation is in the bin."""
    if delivery.kind == JOB_STATUS:
        return _encoded({"jobId": str(delivery.endpoint.job_id), "status": delivery.status_word})
    if delivery.kind == CONVERSATION_STATUS:
        return _encoded({"conversationId": str(delivery.conversation_id), "status": delivery.status_word})
    if delivery.kind == TEST:
        return _message(TEST, delivery.created_at, {"message": "This is a test delivery of Parley."})
    return _task_body(delivery) if delivery.kind == TASK_ASSIGNED else _event_body(delivery)


def _task_body(delivery: WebhookDelivery) -> bytes | None:
    """Return the task as it is now; None if it is gone, rejected or done, or the webhook's owner no longer sees the conversation."""
    conversation = queries.conversation_for(delivery.endpoint.owner_id, delivery.conversation_id or 0)
    task = queries.insight_of(conversation, str(delivery.task_id)) if conversation is not None else None
    if conversation is None or task is None or task.review == Insight.Review.REJECTED or task.done_at is not None:
        return None
    link = f"{site_address(settings.PORT)}/conversations/{conversation.pk}/"
    data: JsonObject = {"conversationId": str(conversation.pk), "insight": insight_snapshot(task).dump(), "url": link}
    return _message(TASK_ASSIGNED, delivery.created_at, data)


def _event_body(delivery: WebhookDelivery) -> bytes | None:
    if delivery.conversation_id is None or delivery.event_number is None:
        return None
    events_of = Event.objects.filter(conversation_id=delivery.conversation_id, conversation__deleted_at=None)
    row = events_of.filter(number=delivery.event_number).first()
    if row is None:
        return None
    event = events.parse(row.kind, row.payload)
    if isinstance(event, UnknownEvent):
        return None
    data: JsonObject = {"conversationId": str(delivery.conversation_id), "eventNumber": row.number, **events.dump(event)}
    if isinstance(event, ConversationCompleted):
        data["summaryUrl"] = site_address(settings.PORT) + access.summary_path(delivery.conversation_id, delivery.endpoint.owner_id or 0)
    return _message(delivery.kind, row.created_at, data)


def _message(kind: str, at: datetime, data: JsonObject) -> bytes:
    return _encoded({"type": kind, "timestamp": iso(at), "data": data})


def _encoded(value: JsonObject) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
