"""The private notes of a person in a conversation."""

from django.db.models import F, QuerySet

from insights.models import Conversation, Note


def notes_of_account(author_id: int) -> QuerySet[Note]:
    """Return all notes that a person wrote in conversations that exist, also in those that they may not see any more."""
    return Note.objects.filter(author_id=author_id, conversation__deleted_at=None).order_by("conversation_id", "created_at", "id")


def notes_of(conversation: Conversation, author_id: int) -> QuerySet[Note]:
    """Return the notes that a person wrote, in the order of the conversation; those without a place come last."""
    return Note.objects.filter(conversation=conversation, author_id=author_id).order_by(F("at_s").asc(nulls_last=True), "created_at", "id")
