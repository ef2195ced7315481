"""When the deliveries of an endpoint are sent: one job at a time for each endpoint that has some."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from insights import jobs
from insights.models import WebhookDelivery, WebhookEndpoint

KIND = "webhooks"


def add(deliveries: Collection[WebhookDelivery], now: datetime) -> None:
    """Store new deliveries of endpoints whose rows are locked (`locked`), and let them be sent; call in the transaction of their cause."""
    for delivery in deliveries:
        delivery.next_attempt_at = now
    WebhookDelivery.objects.bulk_create(deliveries)
    queue({delivery.endpoint_id for delivery in deliveries}, now)


def locked(endpoints: QuerySet[WebhookEndpoint]) -> list[WebhookEndpoint]:
    """Return endpoints with their rows locked until the transaction ends, always in the same order.

    A job begins by locking the row, too: so it either sees the new deliveries, or clears `queued_for` before they look at it.
    """
    return list(endpoints.order_by("pk").select_for_update())


def queue(endpoint_ids: Collection[UUID], at: datetime) -> None:
    """Enqueue the job of these endpoints for a time, unless one that has not begun comes as early."""
    later = WebhookEndpoint.objects.filter(Q(queued_for=None) | Q(queued_for__gt=at), pk__in=endpoint_ids, active=True)
    chosen = list(later.values_list("pk", flat=True))
    if chosen:
        WebhookEndpoint.objects.filter(pk__in=chosen).update(queued_for=at)
        for endpoint_id in chosen:  # mostly one; an account has few
            jobs.enqueue(KIND, None, {"endpoint": str(endpoint_id)}, run_at=at)
