"""The changes that people made to a conversation. Callers get the conversation from `conversation_for`, which checks the owner."""

from django.db.models import QuerySet

from insights.models import Change, Conversation


def changes_of(conversation: Conversation) -> QuerySet[Change]:
    """Return the changes, oldest first, with their users and with the change that undid each."""
    return Change.objects.filter(conversation=conversation).select_related("user", "undone_by").order_by("id")


def change_of(conversation: Conversation, change_id: str) -> Change | None:
    """Return one change of the conversation; None for an unknown or malformed id."""
    if not (change_id.isascii() and change_id.isdigit() and len(change_id) <= 18):
        return None
    return changes_of(conversation).filter(pk=int(change_id)).first()
