"""The webhooks of an account: create, change, list and remove them, rotate their secrets, and read their delivery logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from insights.database import write_transaction
from insights.models import WebhookDelivery, WebhookEndpoint
from insights.webhooks import queue
from insights.webhooks.webhook_kinds import EVENT_KINDS, TEST

MOST_ENDPOINTS = 20


class TooManyWebhooks(Exception):
    """The account has as many webhooks as it may have."""


@dataclass(frozen=True, slots=True)
class Changes:
    """New values of a webhook; None: unchanged."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    active: bool | None = None


def endpoints_of(owner_id: int) -> QuerySet[WebhookEndpoint]:
    """Return the webhooks of an account, oldest first, without those of single jobs and conversations."""
    return WebhookEndpoint.objects.filter(owner_id=owner_id, job=None, conversation=None)


def endpoint_of(owner_id: int, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Return one webhook of an account; None for any other."""
    return endpoints_of(owner_id).filter(pk=endpoint_id).first()


def create_endpoint(owner_id: int, url: str, events: Sequence[str], description: str = "") -> WebhookEndpoint:
    """Create a webhook for a URL that was checked. Raises TooManyWebhooks."""
    with write_transaction():
        User.objects.select_for_update(no_key=True).get(pk=owner_id)
        if endpoints_of(owner_id).count() >= MOST_ENDPOINTS:
            raise TooManyWebhooks(f"an account may have at most {MOST_ENDPOINTS} webhooks; delete one that is not needed")
        return WebhookEndpoint.objects.create(owner_id=owner_id, url=url, events=_ordered(events), description=description)


def change_endpoint(endpoint: WebhookEndpoint, changes: Changes) -> WebhookEndpoint:
    """Store new values. A webhook that is activated again starts without its earlier failures."""
    with write_transaction():
        row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        row.url = row.url if changes.url is None else changes.url
        row.events = row.events if changes.events is None else _ordered(changes.events)
        row.description = row.description if changes.description is None else changes.description
        if changes.active is not None and changes.active != row.active:
            row.active, row.inactive_reason, row.failing_since = changes.active, "", None
            if not changes.active:
                row.deliveries.filter(next_attempt_at__isnull=False).update(next_attempt_at=None)
        row.save(update_fields=["url", "events", "description", "active", "inactive_reason", "failing_since"])
        return row


def remove_endpoint(endpoint: WebhookEndpoint) -> None:
    """Remove a webhook with its log."""
    with write_transaction():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()


def rotate_secret(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Give a webhook a new secret. The one before it signs, too, for a day; an even earlier one no longer does."""
    with write_transaction():
        row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        row.secret_number, row.rotated_at = row.secret_number + 1, timezone.now()
        row.save(update_fields=["secret_number", "rotated_at"])
        return row


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Let a message without contents be sent, once."""
    now = timezone.now()
    with write_transaction():
        queue.locked(WebhookEndpoint.objects.filter(pk=endpoint.pk))
        delivery = WebhookDelivery(endpoint=endpoint, kind=TEST, created_at=now)
        queue.add([delivery], now)
    return delivery


def deliveries_of(endpoint: WebhookEndpoint, limit: int, before: UUID | None = None) -> list[WebhookDelivery] | None:
    """Return the newest deliveries, or those before one of them; None if there is no such one."""
    newest = endpoint.deliveries.order_by("-id")
    if before is not None:
        last = endpoint.deliveries.filter(message_id=before).values_list("id", flat=True).first()
        if last is None:
            return None
        newest = newest.filter(id__lt=last)
    return list(newest[:limit])


def delivery_status(delivery: WebhookDelivery) -> Literal["pending", "succeeded", "failed"]:
    """Return whether a delivery waits, succeeded, or is not tried again."""
    if delivery.succeeded_at is not None:
        return "succeeded"
    return "failed" if delivery.next_attempt_at is None else "pending"


def _ordered(events: Sequence[str]) -> list[str]:
    return [kind for kind in EVENT_KINDS if kind in events]
