"""The conversations that a user may see, as a set for the queries over many conversations."""

from django.db.models import QuerySet

from insights.models import Conversation


def visible_to(user_id: int) -> QuerySet[Conversation]:
    """Return the conversations that a user may see, in no order; those in the bin are not among them."""
    return Conversation.objects.filter(owner_id=user_id).order_by()
