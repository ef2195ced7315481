"""Which conversations a user may see: one by its id, or a list with a search and what the list tells of each."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet

from insights.models import Conversation, Insight
from insights.queries.search import search_words, with_texts


def conversation_for(user_id: int, conversation_id: int | str) -> Conversation | None:
    """Return a conversation that the user may see; None for anybody else's, an unknown or a nonsensical id."""
    digits = str(conversation_id)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 16):
        return None
    return Conversation.objects.filter(owner_id=user_id, id=int(digits)).first()


def conversations_of(
    user_id: int, *, search: str = "", start: datetime | None = None, end: datetime | None = None, holding: str = ""
) -> QuerySet[Conversation]:
    """Return what the user may see, newest first, with the members: all that began in [start, end], holds every word of `search`
    in its name, its members' names or its messages, and an insight of the type `holding` that nobody rejected.
    """
    found = Conversation.objects.filter(owner_id=user_id).prefetch_related("members")
    if start is not None:
        found = found.filter(started_at__gte=start)
    if end is not None:
        found = found.filter(started_at__lte=end)
    if holding:
        kept = Insight.objects.filter(conversation=OuterRef("pk"), type=holding).exclude(review=Insight.Review.REJECTED)
        found = found.filter(Exists(kept))
    return with_texts(found, search_words(search))


def insight_counts(conversations: Collection[Conversation]) -> dict[int, dict[str, int]]:
    """Return, for each conversation, how many insights of each type it has; rejected ones do not count."""
    kept = Insight.objects.filter(conversation__in=conversations).exclude(review=Insight.Review.REJECTED)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in kept.order_by().values("conversation_id", "type").annotate(count=Count("id")):
        counts[row["conversation_id"]][row["type"]] = row["count"]
    return counts
