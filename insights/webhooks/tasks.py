"""Messages about tasks to the webhooks of those to whom they are assigned."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from insights.models import Conversation, WebhookDelivery, WebhookEndpoint
from insights.webhooks import queue
from insights.webhooks.webhook_kinds import TASK_ASSIGNED


def wants_tasks() -> bool:
    """Return whether any account has an active webhook that is told of its tasks. One query."""
    found = WebhookEndpoint.objects.filter(job=None, conversation=None, active=True).annotate(kinds=Cast("events", TextField()))
    return found.filter(kinds__contains=f'"{TASK_ASSIGNED}"').exists()


def tell_of_tasks(conversation: Conversation, tasks: Mapping[int, Sequence[UUID]]) -> None:
    """Store a delivery of each task, by the id of the account that it is assigned to, for each webhook of the account that is told of them.

    Call in a transaction.
    """
    webhooks = WebhookEndpoint.objects.filter(owner_id__in=tasks, job=None, conversation=None, active=True)
    deliveries = [
        WebhookDelivery(endpoint=endpoint, kind=TASK_ASSIGNED, conversation=conversation, task_id=task)
        for endpoint in queue.locked(webhooks)
        if TASK_ASSIGNED in endpoint.events
        for task in tasks[endpoint.owner_id]
    ]
    if deliveries:
        queue.add(deliveries, timezone.now())
