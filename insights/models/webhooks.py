"""The tables of webhooks: URLs that get events, and what is delivered to them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from insights.models.conversations import Conversation
from insights.models.jobs import Job


class WebhookEndpoint(models.Model):
    """A URL to which deliveries are sent: of an account's webhook, or the `webhookUrl` of one job or of one conversation.

    Deliveries of one endpoint are sent by one job at a time. `queued_for` is the time of a job that has not begun; `leased_until` is set
    while one runs. The secret is not stored: `insights.webhooks.signing` derives it from `id` and `secret_number`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhook_endpoints")
    job = models.OneToOneField(Job, models.CASCADE, null=True, blank=True, related_name="webhook_endpoint")
    conversation = models.OneToOneField(Conversation, models.CASCADE, null=True, blank=True, related_name="webhook_endpoint")
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, blank=True, default="")
    events = models.JSONField(default=list, blank=True, help_text="Kinds of events, such as insight.created.")
    active = models.BooleanField(default=True)
    inactive_reason = models.CharField(max_length=200, blank=True, default="", help_text="Why the server deactivated it.")
    secret_number = models.PositiveIntegerField(default=1, editable=False)
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="The first failure since the last success.")
    queued_for = models.DateTimeField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(job=None) | Q(conversation=None), name="webhook_endpoint_of_one_thing"),
        ]
        indexes = [
            models.Index(fields=["owner", "created_at"], condition=Q(job=None, conversation=None), name="webhook_endpoint_owner"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class WebhookDelivery(models.Model):
    """One message to an endpoint. It stores no words: the body is made from the event when it is sent.

    `next_attempt_at` is empty once it succeeded or failed for good.
    """

    message_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False, help_text="The webhook-id, the same in each attempt.")
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=40)
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, blank=True, related_name="webhook_deliveries")
    event_number = models.BigIntegerField(null=True, blank=True)
    task_id = models.UUIDField(null=True, blank=True, help_text="The insight of a task.assigned message.")
    status_word = models.CharField(max_length=16, blank=True, default="", help_text="The status that a job or a conversation got.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP status of the last response.")
    last_response = models.CharField(max_length=300, blank=True, default="", help_text="The beginning of the last response.")
    last_error = models.CharField(max_length=300, blank=True, default="", help_text="Why the last attempt got no response.")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "conversation", "event_number"],
                condition=Q(event_number__isnull=False),
                name="webhook_delivery_once_per_event",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="webhook_delivery_waiting"
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_log"),
            models.Index(fields=["created_at"], condition=Q(next_attempt_at=None), name="webhook_delivery_old"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
