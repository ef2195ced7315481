"""The conversations in a user's bin. All other queries leave them out."""

from django.db.models import QuerySet

from insights.models import Conversation


def binned_conversations(user_id: int) -> QuerySet[Conversation]:
    """Return the conversations in the user's bin with their members, the last one that was moved there first."""
    found = Conversation.everything.filter(owner_id=user_id, deleted_at__isnull=False, erased_at=None)
    return found.prefetch_related("members").order_by("-deleted_at", "-id")


def binned_conversation(user_id: int, conversation_id: int) -> Conversation | None:
    """Return a conversation in the user's bin; None for any other."""
    return binned_conversations(user_id).filter(id=conversation_id).first()
