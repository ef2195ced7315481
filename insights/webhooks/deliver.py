"""Send the deliveries of an endpoint, one after another, and try those that failed again for a day.

After a failure that is the endpoint's (no response, 429 or 5xx) its other deliveries wait, too, so that a server that is unreachable is not
called for each of them. Messages about one job or conversation are always sent in order.
"""

import logging
import random
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min, Q
from django.utils import timezone

from insights import http_client
from insights.database import release_connection, write_transaction
from insights.http_client import FetchFailed, Reply, UrlRefused
from insights.jobs import RunningJob, handler
from insights.models import Conversation, WebhookDelivery, WebhookEndpoint
from insights.webhooks import queue, signing, webhook_bodies
from insights.webhooks.webhook_kinds import IN_BIN, TEST

logger = logging.getLogger(__name__)

TIMEOUT_S = 15.0
BACKOFF_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 28_800)
"""Seconds before the second, third … attempt; together 22 hours."""
JITTER = 0.2
GIVE_UP = timedelta(days=1)
"""After so long a delivery has failed, and an endpoint without a success is deactivated."""
RUN_S = 30.0
"""Seconds that one job sends; another one continues, so that other endpoints have their turn."""
LEASE = timedelta(seconds=60)
SWEEP_S = 30.0
KEEP = timedelta(days=7)
MOST_FORGOTTEN = 1000
EXCERPT = 300
GONE = 410
_MAY_SEND = Q(active=True, owner__is_active=True)
"""Endpoints that get deliveries: those of a deactivated account wait, and fail after `GIVE_UP`, unless it is reactivated."""


@handler(queue.KIND, internal=True)
def send_waiting(job: RunningJob) -> None:
    """Send the deliveries of one endpoint that are due."""
    endpoint_id = UUID(str(job.parameters["endpoint"]))
    if not _begin(endpoint_id):
        return
    try:
        until = time.monotonic() + RUN_S
        while time.monotonic() < until and (delivery := _next(endpoint_id)) is not None:
            _attempt(delivery)
            job.check()
    finally:
        _finish(endpoint_id)


@handler("webhooks sweep", every_s=SWEEP_S)
def sweep(job: RunningJob) -> None:
    """Queue endpoints whose job was lost, and remove a batch of old deliveries."""
    now = timezone.now()
    overdue = now - timedelta(seconds=SWEEP_S)
    idle = Q(queued_for=None) | Q(queued_for__lt=now - timedelta(minutes=10))
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    lost = WebhookEndpoint.objects.filter(idle & free & _MAY_SEND, deliveries__next_attempt_at__lt=overdue).distinct()
    if lost_ids := list(lost.values_list("pk", flat=True)[:100]):
        with write_transaction():
            WebhookEndpoint.objects.filter(pk__in=lost_ids).update(queued_for=None)
            queue.queue(lost_ids, now)
    old = WebhookDelivery.objects.filter(next_attempt_at=None, created_at__lt=now - KEEP).order_by("created_at")
    if old_ids := list(old.values_list("pk", flat=True)[:MOST_FORGOTTEN]):
        with write_transaction():
            WebhookDelivery.objects.filter(pk__in=old_ids).delete()


def _begin(endpoint_id: UUID) -> bool:
    """Take the lease of an endpoint; return False if it may not send or is gone, or another job has it (then come back)."""
    now = timezone.now()
    with write_transaction():
        endpoint = WebhookEndpoint.objects.select_for_update(of=("self",)).filter(_MAY_SEND, pk=endpoint_id).first()
        if endpoint is None:
            return False
        leased = endpoint.leased_until if endpoint.leased_until and endpoint.leased_until > now else None
        endpoint.queued_for = None
        endpoint.leased_until = leased or now + LEASE
        endpoint.save(update_fields=["queued_for", "leased_until"])
        if leased:
            queue.queue([endpoint_id], min(leased, now + timedelta(seconds=5)))
    return leased is None


def _finish(endpoint_id: UUID) -> None:
    """Return the lease, and queue the next job if there are deliveries left."""
    with write_transaction():
        endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id).first()
        if endpoint is None:
            return
        endpoint.leased_until = None
        endpoint.save(update_fields=["leased_until"])
        waiting = endpoint.deliveries.filter(next_attempt_at__isnull=False)
        first = waiting.aggregate(first=Min("next_attempt_at"))["first"]
        if endpoint.active and first is not None:
            queue.queue([endpoint_id], max(first, timezone.now()))


def _next(endpoint_id: UUID) -> WebhookDelivery | None:
    """Return the next delivery that is due; None if there is none, or the endpoint was deactivated.

    Messages about a job or a conversation are due in order. Those that became too old while they waited have failed.
    """
    now = timezone.now()
    may_send = {"endpoint__active": True, "endpoint__owner__is_active": True}
    waiting = WebhookDelivery.objects.filter(endpoint_id=endpoint_id, next_attempt_at__isnull=False, **may_send)
    too_old = waiting.filter(created_at__lt=now - GIVE_UP)
    if too_old.exists():
        with write_transaction():
            too_old.update(next_attempt_at=None)
    found = waiting.select_related("endpoint").order_by("next_attempt_at", "id").first()
    return found if found is not None and found.next_attempt_at is not None and found.next_attempt_at <= now else None


def _attempt(delivery: WebhookDelivery) -> None:
    """Send a delivery once and store how it went."""
    endpoint = delivery.endpoint
    body = webhook_bodies.body_of(delivery)
    if body is None:
        binned = delivery.conversation_id and not Conversation.objects.filter(pk=delivery.conversation_id).exists()
        _store(delivery, None, IN_BIN if binned else "the event was deleted before it was sent", None)
        return
    headers = {"Content-Type": "application/json"}
    if endpoint.job_id is None and endpoint.conversation_id is None:
        headers |= signing.headers(endpoint, delivery.message_id, body, timezone.now())
    release_connection()
    try:
        reply, error = http_client.post(endpoint.url, body, headers, timeout_s=TIMEOUT_S), ""
    except (UrlRefused, FetchFailed) as failure:
        reply, error = None, str(failure)
    _store(delivery, reply, error, body)


def _store(delivery: WebhookDelivery, reply: Reply | None, error: str, sent: bytes | None) -> None:
    """Store the result of an attempt; `sent`: the body, None if there was nothing to send.

    The response is stored only if the body would still be the same: it may repeat words that were deleted meanwhile.
    """
    now = timezone.now()
    with write_transaction():
        endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
        current = WebhookDelivery.objects.select_for_update().filter(pk=delivery.pk).first()
        if endpoint is None or current is None:  # deleted meanwhile
            return
        current.last_attempt_at, current.last_error = now, error[:EXCERPT]
        current.last_status = reply.status if reply else None
        current.last_response = _excerpt(reply.body) if reply and webhook_bodies.body_of(delivery) == sent else ""
        endpoint.leased_until = now + LEASE
        if sent is None:
            restored = error == IN_BIN and webhook_bodies.body_of(delivery) is not None  # meanwhile
            current.next_attempt_at = now if restored else None
        else:
            current.attempts += 1
            _judge(endpoint, current, reply, now)
        current.save()
        endpoint.save(update_fields=["leased_until", "failing_since", "active", "inactive_reason"])
        if not endpoint.active:
            endpoint.deliveries.filter(next_attempt_at__isnull=False).update(next_attempt_at=None)


def _judge(endpoint: WebhookEndpoint, delivery: WebhookDelivery, reply: Reply | None, now: datetime) -> None:
    """Decide what a response means for its delivery and for the endpoint."""
    if reply is not None and 200 <= reply.status < 300:
        if endpoint.failing_since is not None:  # the server is back: what waits only because it was unreachable is sent now
            away = Q(last_status=None) | Q(last_status=429) | Q(last_status__gte=500)
            endpoint.deliveries.filter(away, next_attempt_at__gt=now).exclude(pk=delivery.pk).update(next_attempt_at=now)
        delivery.succeeded_at, delivery.next_attempt_at, endpoint.failing_since = now, None, None
        return
    plain = endpoint.job_id is not None or endpoint.conversation_id is not None
    delivery.next_attempt_at = None if delivery.kind == TEST else _next_attempt(delivery, now)
    if delivery.kind == TEST:
        return
    endpoint.failing_since = endpoint.failing_since or now
    if reply is not None and reply.status == GONE:
        endpoint.active, endpoint.inactive_reason, delivery.next_attempt_at = False, "the server of the URL answered with status 410", None
    elif now - endpoint.failing_since >= GIVE_UP:
        endpoint.active, endpoint.inactive_reason = False, "no delivery succeeded for a day"
        logger.info("webhook %s was deactivated: no delivery succeeded for a day", endpoint.pk)
    elif delivery.next_attempt_at and (plain or reply is None or reply.status == 429 or reply.status >= 500):
        others = endpoint.deliveries.filter(next_attempt_at__lt=delivery.next_attempt_at).exclude(pk=delivery.pk)
        others.update(next_attempt_at=delivery.next_attempt_at)


def _next_attempt(delivery: WebhookDelivery, now: datetime) -> datetime | None:
    """Return when a failed delivery is tried again; None if a day has passed by then."""
    wait_s = BACKOFF_S[min(delivery.attempts, len(BACKOFF_S)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    at = now + timedelta(seconds=wait_s)
    return at if at < delivery.created_at + GIVE_UP else None


def _excerpt(body: bytes) -> str:
    return body[: EXCERPT * 4].decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]
