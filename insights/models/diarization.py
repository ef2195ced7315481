"""The table of audio sources whose speakers are told apart."""

import uuid

from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation, Member


class Diarization(models.Model):
    """An audio source in which several people speak. With `state` the voices keep their numbers after a crash.

    `session_id`: the session, or the channel of an import, whose audio it is. `state` describes voices, so it is encrypted, and emptied at
    the end of the conversation. If the account has voice profiles switched on, it is kept for some days more in `kept_state`, so that its
    people can enrol these voices.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="diarizations")
    session_id = models.UUIDField(editable=False)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="diarizations", help_text="Whose audio it is.")
    state = models.BinaryField(blank=True, default=bytes)
    kept_state = models.BinaryField(blank=True, default=bytes)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "updated_at", "id"]
        indexes = [
            models.Index(fields=["conversation", "updated_at"], name="diarization_newest"),
            models.Index(fields=["updated_at"], condition=~Q(kept_state=b""), name="diarization_kept"),
        ]

    def __str__(self) -> str:
        return f"speakers of {self.session_id}"
