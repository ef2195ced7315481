"""Which conversations a person may see: their own, and those that were shared with them or one of their teams (design law 6)."""

from enum import StrEnum

from django.db.models import Q, QuerySet

from insights.models import Conversation, is_shared_with


class Shown(StrEnum):
    """Which of the conversations that somebody may see."""

    ALL = "all"
    OWN = "own"
    SHARED = "shared"


def visible_to(user_id: int, shown: Shown = Shown.ALL) -> QuerySet[Conversation]:
    """Return the conversations that a user may see, in no order; those in the bin are not among them."""
    own, seen = Q(owner_id=user_id), Conversation.objects.order_by()
    if shown is Shown.OWN:
        return seen.filter(own)
    shared = is_shared_with(user_id)
    if shown is Shown.SHARED:
        return seen.filter(shared).exclude(own)
    return seen.filter(own | shared)
