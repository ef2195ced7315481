"""The conversations that a user may see: one by its id, or a list with filters and counts of insights; and the user's bin."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from insights.ids import id_number
from insights.models import Conversation, Insight, shares_with
from insights.queries.visible import Shown, visible_to


def conversation_for(user_id: int, conversation_id: int | str) -> Conversation | None:
    """Return a conversation that this user may see; None for an unknown or malformed id, or any other conversation."""
    number = id_number(str(conversation_id))
    if not number:
        return None
    one = Conversation.objects.filter(id=number)  # not `visible_to`: the database would collect the ids of all shared conversations
    return one.filter(Q(owner_id=user_id) | Exists(shares_with(user_id).filter(conversation=OuterRef("pk")))).first()


def conversations_of(
    user_id: int,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    holding: str = "",
    shown: Shown = Shown.ALL,
) -> QuerySet[Conversation]:
    """Return the conversations that the user may see, with their members, newest first. `shown`: only own, or only shared ones.

    `start`, `end`: bounds of the start time, both included. `holding`: type of an insight, not rejected, that the conversation must have.
    """
    found = visible_to(user_id, shown).order_by("-started_at", "-id").prefetch_related("members")
    if start is not None:
        found = found.filter(started_at__gte=start)
    if end is not None:
        found = found.filter(started_at__lte=end)
    if holding:
        kept = Insight.objects.filter(conversation=OuterRef("pk"), type=holding).exclude(review=Insight.Review.REJECTED)
        found = found.filter(Exists(kept))
    return found


def insight_counts(conversations: Collection[Conversation]) -> dict[int, dict[str, int]]:
    """Return the number of insights by type for each conversation id, without rejected ones."""
    kept = Insight.objects.filter(conversation__in=conversations).exclude(review=Insight.Review.REJECTED)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in kept.order_by().values("conversation_id", "type").annotate(count=Count("id")):
        counts[row["conversation_id"]][row["type"]] = row["count"]
    return counts


def binned_conversations(user_id: int) -> QuerySet[Conversation]:
    """Return the conversations in the user's bin with their members, the last one that was moved there first."""
    found = Conversation.everything.filter(owner_id=user_id, deleted_at__isnull=False, erased_at=None)
    return found.prefetch_related("members").order_by("-deleted_at", "-id")


def binned_conversation(user_id: int, conversation_id: int) -> Conversation | None:
    """Return a conversation in the user's bin; None for any other."""
    return binned_conversations(user_id).filter(id=conversation_id).first()
