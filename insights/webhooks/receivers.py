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
from insights.events import Kind
from insights.jobs import status_stored
from insights.models import Conversation, Event, Job, WebhookDelivery, WebhookEndpoint
from insights.payloads import StoredEvent
from insights.recorder.signals import conversation_restored, storing, words_removed
from insights.safe_log import error_location
from insights.webhooks import queue
from insights.webhooks.webhook_kinds import COMPLETED, CONVERSATION_STATUS, IN_BIN, JOB_STATUS, TASK_ASSIGNED, kind_of

logger = logging.getLogger(__name__)


def connect() -> None:
    """Connect the receivers; call once, when the application starts."""
    storing.connect(on_events, dispatch_uid="webhooks")
    words_removed.connect(on_words_removed, dispatch_uid="webhooks")
    conversation_restored.connect(on_restored, dispatch_uid="webhooks")
    status_stored.connect(on_job_status, dispatch_uid="webhooks")


def on_events(conversation: Conversation, events: Sequence[StoredEvent], **_: Any) -> None:
    """Store a delivery for each event and each webhook of the owner that subscribes to its kind."""
    kinds = {stored.number: kind for stored in events if (kind := kind_of(stored.event))}
    if not kinds:
        return
    webhooks = _webhooks_of(conversation)
    completed = COMPLETED in kinds.values() and bool(conversation.webhook_url)
    if not completed and not _HAS_WEBHOOKS.exists(conversation.owner_id):  # one query for nearly every account, without a savepoint
        return
    try:
        with transaction.atomic():
            _store_deliveries(conversation, kinds, webhooks, completed=completed)
    except Exception as error:  # what was said is stored all the same
        logger.error("deliveries for conversation %d could not be stored (%s)", conversation.id, error_location(error))


def _webhooks_of(conversation: Conversation) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(owner_id=conversation.owner_id, owner__is_active=True, **_ACTIVE)


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


def on_restored(conversation: Conversation, ended_in_bin: bool, **_: Any) -> None:
    """Send the end of a conversation that was in the bin to each webhook that did not get it for that reason.

    Their deliveries may be removed already: then `ended_in_bin` tells that nobody got it.
    """
    ends = Event.objects.filter(conversation=conversation, kind=Kind.CONVERSATION_COMPLETED).order_by("-number")
    number = ends.values_list("number", flat=True).first()
    if number is None:
        return
    now = timezone.now()
    endpoints = [one for one in queue.locked(_webhooks_of(conversation)) if COMPLETED in one.events]
    deliveries = WebhookDelivery.objects.filter(conversation=conversation, event_number=number, endpoint__in=endpoints)
    known = set(deliveries.values_list("endpoint_id", flat=True))
    kept = deliveries.filter(last_error=IN_BIN, next_attempt_at=None)
    waiting = list(kept.values_list("endpoint_id", flat=True))
    kept.update(next_attempt_at=now, created_at=now, last_error="")
    queue.queue(waiting, now)
    new = [one for one in endpoints if ended_in_bin and one.pk not in known]
    queue.add([WebhookDelivery(endpoint=one, kind=COMPLETED, conversation=conversation, event_number=number) for one in new], now)


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
