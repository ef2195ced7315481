"""Enqueue notifications in the transaction of their cause: the end of a conversation, or a person who assigned a task."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from insights import jobs, webhooks
from insights.events import ConversationCompleted, ConversationEvent, InsightReviewed
from insights.insight_kinds import kind_of
from insights.models import Conversation
from insights.notifications.notify import KIND
from insights.payloads import StoredEvent
from insights.recorder.signals import storing
from insights.safe_log import error_location

logger = logging.getLogger(__name__)

WAIT = timedelta(seconds=60)
"""How long after an assignment its mail is sent, so that several of them are one mail."""


def connect() -> None:
    """Connect the receiver; call once, when the application starts."""
    storing.connect(on_events, dispatch_uid="notifications")


def on_events(conversation: Conversation, events: Sequence[StoredEvent], **_: Any) -> None:
    """Enqueue the job that notifies people of these events. Tasks are not announced before the end of their conversation."""
    over = any(isinstance(stored.event, ConversationCompleted) for stored in events)
    by = [name for stored in events if (name := _assigned_by(stored.event)) is not None]
    if not over and (not by or conversation.ended_at is None):
        return
    if not conversation.message_count:  # nothing is told of it (`notify`)
        return
    if not (settings.MAIL_CONFIGURED or webhooks.wants_tasks()):
        return
    try:
        with transaction.atomic():
            _enqueue(conversation.id, over, by)
    except Exception as error:  # what was said is stored all the same
        logger.error("notifications about conversation %d could not be enqueued (%s)", conversation.id, error_location(error))


def _enqueue(conversation_id: int, over: bool, by: Sequence[str]) -> None:
    run_at = timezone.now() if over else timezone.now() + WAIT
    jobs.enqueue(KIND, None, {"conversation": conversation_id, "over": over, "by": by[-1] if by else ""}, run_at=run_at)


def _assigned_by(event: ConversationEvent) -> str | None:
    """Return who changed a task that has an assignee; None for other events."""
    if not isinstance(event, InsightReviewed):
        return None
    return event.changed_by if kind_of(event.insight.type).assignable and event.insight.assignee is not None else None
