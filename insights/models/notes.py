"""The table of private notes."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation

LONGEST_NOTE = 2000


class Note(models.Model):
    """A line that a person wrote beside a conversation. Nobody else sees it, not even the owner of the conversation.

    `id` is chosen by the client, so that a request that is sent again stores nothing twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    text = models.TextField()
    at_s = models.FloatField(null=True, blank=True, help_text="When it was begun, in seconds from the start; empty: no place.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "author_id", "created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="note_has_text"),
            models.CheckConstraint(condition=Q(at_s=None) | Q(at_s__gte=0), name="note_place_not_negative"),
        ]
        indexes = [models.Index(fields=["conversation", "author", "created_at"], name="note_of_author")]

    def __str__(self) -> str:
        return f"note {self.id}"
