"""The table of notifications: what was sent to a person, so that each thing is sent once."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation
from insights.models.findings import Insight


class Notification(models.Model):
    """A notification of one person: a conversation is over (`insight` is empty), or a task is theirs."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notifications")
    insight = models.ForeignKey(Insight, models.CASCADE, null=True, blank=True, related_name="notifications")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "conversation"], condition=Q(insight=None), name="notification_once_for_an_end"),
            models.UniqueConstraint(fields=["user", "insight"], condition=Q(insight__isnull=False), name="notification_once_for_a_task"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.insight_id or self.conversation_id}"
