"""Remove conversations whose time is over: those that ended long ago, and those that were in the bin for long."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from insights.models import AccountSettings, Conversation
from insights.recorder.deletion.delete import delete_conversation
from insights.recorder.types import UnknownConversation

MOST = 20
"""Conversations that one call removes at most, so that other writers do not wait long."""


def forget_ended_before(limit: datetime, most: int = MOST) -> int:
    """Delete at most `most` conversations that ended before `limit`, oldest first; return how many were deleted.

    Safe to run in every process at once; a conversation that another process deletes meanwhile is counted, too.
    """
    return _delete_each(Conversation.objects.filter(ended_at__lt=limit).order_by("ended_at"), most)


def forget_by_accounts(now: datetime) -> int:
    """Delete at most MOST conversations that ended longer ago than their account keeps them, as `forget_ended_before` does."""
    over = Q()
    for limit in ("keep_days", "most_keep_days"):
        for days in AccountSettings.objects.exclude(**{limit: None}).order_by().values_list(limit, flat=True).distinct():
            over |= Q(**{f"owner__account_settings__{limit}": days, "ended_at__lt": now - timedelta(days=days)})
    if not over:
        return 0
    return _delete_each(Conversation.objects.filter(over).order_by("ended_at"), MOST)


def empty_bin(limit: datetime) -> int:
    """Delete at most MOST conversations that were moved to the bin before `limit`, as `forget_ended_before` does."""
    return _delete_each(Conversation.everything.filter(deleted_at__lt=limit, erased_at=None).order_by("deleted_at"), MOST)


def _delete_each(conversations: QuerySet[Conversation], most: int) -> int:
    found = list(conversations.values_list("id", flat=True)[:most])
    for conversation_id in found:
        with suppress(UnknownConversation):
            delete_conversation(conversation_id)
    return len(found)
