"""The table of stored audio: one file for each recorded session."""

import uuid

from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation, Member


class StoredAudio(models.Model):
    """The audio of one session, in one file.

    While `state` is RECORDING the file is in DATA_DIR of the host of the session, and grows; then it is in the storage under `name`.
    The file follows the wall clock: `started_at` is the time of its first sample, and pauses are silence in it.
    """

    class State(models.TextChoices):
        """Where the file is."""

        RECORDING = "recording"
        STORED = "stored"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="audio")
    session_id = models.UUIDField(editable=False, help_text="The session, or the channel of an import, whose audio it is.")
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="audio", help_text="Who spoke, if known.")
    state = models.CharField(max_length=16, choices=State, default=State.RECORDING)
    name = models.CharField(max_length=200, blank=True, default="", help_text="Name of the file in the storage.")
    started_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes.")

    class Meta:
        ordering = ["conversation_id", "started_at", "id"]
        verbose_name_plural = "stored audio"
        constraints = [
            models.CheckConstraint(condition=Q(seconds__gte=0, size__gte=0), name="stored_audio_not_negative"),
            models.CheckConstraint(condition=~Q(state="stored") | ~Q(name=""), name="stored_audio_has_name"),
        ]
        indexes = [models.Index(fields=["conversation", "started_at"], name="stored_audio_start")]

    def __str__(self) -> str:
        return f"audio {self.id}"
