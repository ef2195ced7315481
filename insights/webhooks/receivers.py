"""Store deliveries in the transaction of their cause: an event of a conversation, a new status of a job, or an assigned task."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.jobs import status_stored
from insights.models import Conversation, Job, WebhookDelivery, WebhookEndpoint
from insights.payloads import StoredEvent
from insights.recorder.signals import storing, words_removed
from insights.safe_log import error_location
from insights.webhooks import queue
from insights.webhooks.webhook_kinds import CONVERSATION_STATUS, JOB_STATUS, TASK_ASSIGNED, kind_of

logger = logging.getLogger(__name__)


def connect() -> None:
    """Connect the receivers; call once, when the application starts."""
    storing.connect(on_events, dispatch_uid="webhooks")
    words_removed.connect(on_words_removed, dispatch_uid="webhooks")
    status_stored.connect(on_job_status, dispatch_uid="webhooks")


def on_events(conversation: Conversation, events: Sequence[StoredEvent], **_: Any) -> None:
    """Store a delivery for each event and each webhook of the owner that subscribes to its kind."""
    kinds = {stored.number: kind for stored in events if (kind := kind_of(stored.event))}
    if not kinds:
        return
    webhooks = WebhookEndpoint.objects.filter(
        owner_id=conversation.owner_id, owner__is_active=True, job=None, conversation=None, active=True
    )
    completed = "conversation.completed" in kinds.values() and bool(conversation.webhook_url)
    if not completed and not _HAS_WEBHOOKS.exists(conversation.owner_id):  # one query for nearly every account, without a savepoint
        return
    try:
        with transaction.atomic():
            _store_deliveries(conversation, kinds, webhooks, completed=completed)
    except Exception as error:  # what was said is stored all the same
        logger.error("deliveries for conversation %d could not be stored (%s)", conversation.id, error_location(error))


_ACTIVE = {"job": None, "conversation": None, "active": True}
_HAS_WEBHOOKS = CompiledQuery(lambda owner: WebhookEndpoint.objects.filter(owner_id=owner, **_ACTIVE).order_by().values_list("pk")[:1])
_WANTS_TASKS = CompiledQuery(
    lambda: (
        WebhookEndpoint.objects.filter(**_ACTIVE)
        .annotate(kinds=Cast("events", TextField()))
        .filter(kinds__contains=f'"{TASK_ASSIGNED}"')
        .order_by()
        .values_list("pk")[:1]
    )
)


def on_words_removed(conversation_id: int, **_: Any) -> None:
    """Empty the stored responses about a conversation: a server may repeat the words in them.

    All rows, not only those with a response: a response that another process is storing is waited for, and emptied too.
    """
    WebhookDelivery.objects.filter(conversation_id=conversation_id).update(last_response="")


def _store_deliveries(
    conversation: Conversation, kinds: Mapping[int, str], webhooks: QuerySet[WebhookEndpoint], *, completed: bool
) -> None:
    deliveries = [
        WebhookDelivery(endpoint=endpoint, kind=kind, conversation=conversation, event_number=number)
        for endpoint in queue.locked(webhooks)
        for number, kind in kinds.items()
        if kind in endpoint.events
    ]
    if completed:
        owned = {"owner_id": conversation.owner_id, "url": conversation.webhook_url}
        endpoint, _made = WebhookEndpoint.objects.select_for_update().get_or_create(conversation=conversation, defaults=owned)
        deliveries.append(WebhookDelivery(endpoint=endpoint, kind=CONVERSATION_STATUS, conversation=conversation, status_word="completed"))
    if deliveries:
        queue.add(deliveries, timezone.now())


def on_job_status(job: Job, **_: Any) -> None:
    """Store a delivery of the new status of a job that has a `webhookUrl`."""
    if not job.webhook_url or job.internal or job.owner_id is None:
        return
    owned = {"owner_id": job.owner_id, "url": job.webhook_url}
    endpoint, _made = WebhookEndpoint.objects.select_for_update().get_or_create(job=job, defaults=owned)
    if endpoint.active:
        queue.add(
            [WebhookDelivery(endpoint=endpoint, kind=JOB_STATUS, conversation_id=job.conversation_id, status_word=str(job.status))],
            timezone.now(),
        )


def wants_tasks() -> bool:
    """Return whether any account has an active webhook that gets its tasks. One query."""
    return _WANTS_TASKS.exists()


def notify_of_tasks(conversation: Conversation, tasks: Mapping[int, Sequence[UUID]]) -> None:
    """Store a delivery of each task, by the id of the account that it is assigned to, for each webhook of the account that gets them.

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
