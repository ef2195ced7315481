"""The table of events of a conversation, numbered 1, 2, 3 … without gaps."""

from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation


class Event(models.Model):
    """One event. The payload is complete: sending it needs no other table."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="events")
    number = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    payload = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="event_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="event_number_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
