"""Remove conversations for good, with all rows that belong to them."""

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from insights import derived
from insights.database import write_transaction
from insights.models import (
    Bookmark,
    BookmarkReference,
    Change,
    Conversation,
    Entity,
    Event,
    Experience,
    Insight,
    Job,
    LiveSession,
    Member,
    Message,
    Speaker,
    Topic,
    TopicReference,
    TrackerMatch,
    WebhookDelivery,
    WebhookEndpoint,
)
from insights.recorder import topics
from insights.recorder.event_log import locked
from insights.recorder.types import UnknownConversation

logger = logging.getLogger(__name__)

MOST = 20
"""Conversations that one call removes at most, so that other writers do not wait long."""
_MOST_KEPT = 1000
"""Conversations that cannot be removed which one call skips at most."""


def remove_conversation(conversation_id: int) -> None:
    """Remove a conversation. Raises UnknownConversation."""
    with write_transaction():
        conversation = locked(conversation_id)
        # Before the endpoints of their webhooks, as a job that ends locks them, too.
        list(Job.objects.filter(conversation=conversation).select_for_update().values_list("pk"))
        _delete(TopicReference.objects.filter(topic__conversation=conversation))
        _delete(Entity.objects.filter(message__conversation=conversation))
        _delete(BookmarkReference.objects.filter(bookmark__conversation=conversation))
        _delete(WebhookDelivery.objects.filter(Q(conversation=conversation) | Q(endpoint__job__conversation=conversation)))
        _delete(WebhookEndpoint.objects.filter(Q(conversation=conversation) | Q(job__conversation=conversation)))
        for table in (
            Change,
            Bookmark,
            Experience,
            TrackerMatch,
            Insight,
            Topic,
            Message,
            Speaker,
            LiveSession,
            Member,
            Event,
            Job,
        ):
            _delete(table.objects.filter(conversation=conversation))
        _delete(Conversation.objects.filter(id=conversation_id))
    topics.forget(conversation_id)
    derived.forget(conversation_id)


def _delete(rows: QuerySet[Any]) -> None:
    """Delete rows that no other row refers to, in one statement. Django's own `delete` would read all rows to look for references."""
    rows._raw_delete(rows.db)


def forget_ended_before(limit: datetime, most: int = MOST) -> int:
    """Remove at most `most` conversations that ended before `limit`, oldest first; return how many were removed.

    Safe to run in every process at once; a conversation that another process removes meanwhile is counted, too. A conversation that
    cannot be removed, because another app's table refers to it, is skipped with a warning.
    """
    old = Conversation.objects.filter(ended_at__lt=limit).order_by("ended_at").values_list("id", flat=True)
    removed = 0
    for conversation_id in list(old[: most + _MOST_KEPT]):
        if removed == most:
            break
        try:
            remove_conversation(conversation_id)
        except IntegrityError:
            logger.warning("ended conversation %d cannot be removed: another table refers to it", conversation_id)
            continue
        except UnknownConversation:
            pass
        removed += 1
    return removed
