"""Removing conversations for good, with all that was said and found in them."""

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet

from insights import derived
from insights.database import writing
from insights.models import Conversation, Entity, Event, Insight, LiveSession, Member, Message, Topic, TopicReference, TrackerMatch
from insights.recorder import topics
from insights.recorder.event_log import locked
from insights.recorder.types import UnknownConversation

logger = logging.getLogger(__name__)

MOST = 20
"""Conversations that are removed at a time: other writers get their turn."""
_MOST_KEPT = 1000
"""Of those that cannot be removed so many are passed over."""


def remove_conversation(conversation_id: int) -> None:
    """Remove a conversation. Raises UnknownConversation."""
    with writing():
        conversation = locked(conversation_id)
        _delete(TopicReference.objects.filter(topic__conversation=conversation))
        _delete(Entity.objects.filter(message__conversation=conversation))
        for table in (TrackerMatch, Insight, Topic, Message, LiveSession, Member, Event):
            _delete(table.objects.filter(conversation=conversation))
        _delete(Conversation.objects.filter(id=conversation_id))
    topics.forget(conversation_id)
    derived.forget(conversation_id)


def _delete(rows: QuerySet[Any]) -> None:
    """Delete rows to which none refers any more, in one statement: Django's own `delete` would read them all to look for such."""
    rows._raw_delete(rows.db)


def forget_ended_before(limit: datetime, most: int = MOST) -> int:
    """Remove conversations that ended before a time, the oldest first, `most` of them at most; return how many there were.

    Safe to run in every process at once: one that another process removes meanwhile is counted all the same. One that cannot be
    removed, as a table of somebody else's refers to it, is passed over.
    """
    old = Conversation.objects.filter(ended_at__lt=limit).order_by("ended_at").values_list("id", flat=True)
    removed = 0
    for conversation_id in list(old[: most + _MOST_KEPT]):
        if removed == most:
            break
        try:
            remove_conversation(conversation_id)
        except IntegrityError:
            logger.warning("conversation %d is over, but cannot be removed: something refers to it", conversation_id)
            continue
        except UnknownConversation:
            pass
        removed += 1
    return removed
