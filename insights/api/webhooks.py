"""The webhooks of an account: subscriptions of URLs to events of its conversations. Not part of Symbl's API."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status
from pydantic.config import JsonDict

from insights import webhooks
from insights.api.auth import caller
from insights.api.errors import COMMON_PROBLEMS, ApiError, Problem
from insights.http_client import UrlRefused, check_url
from insights.models import WebhookDelivery, WebhookEndpoint
from insights.payloads import iso

router = Router(tags=["Webhooks"])
UNKNOWN = "The webhookId is either invalid or does not exist."
_URL: JsonDict = {"pattern": "^https?://"}
EventKind = Literal["conversation.started", "conversation.completed", "insight.created", "tracker.matched", "task.assigned"]


class NewWebhook(Schema):
    """A URL, and the kinds of events that are sent to it."""

    url: str = Field(min_length=1, max_length=2048, json_schema_extra=_URL)
    events: list[EventKind] = Field(min_length=1, max_length=20)
    description: str = Field("", max_length=200)


class WebhookChanges(Schema):
    """The values to change. `active: true` starts a webhook again that was deactivated after failures."""

    url: str | None = Field(None, min_length=1, max_length=2048, json_schema_extra=_URL)
    events: list[EventKind] | None = Field(None, min_length=1, max_length=20)
    description: str | None = Field(None, max_length=200)
    active: bool | None = None


class WebhookOut(Schema):
    """A webhook. `inactiveReason` says why the server deactivated it; `failingSince` is the first failure since the last success."""

    id: str
    url: str
    events: list[str]
    description: str
    active: bool
    inactiveReason: str | None
    failingSince: str | None
    createdAt: str


class WebhookList(Schema):
    """The webhooks of the account, oldest first."""

    webhooks: list[WebhookOut]


class WebhookOne(Schema):
    """One webhook."""

    webhook: WebhookOut


class WebhookSecret(Schema):
    """A webhook with its secret (`whsec_…`), which is not shown again. `oldSecretUntil`: how long the one before also signs."""

    webhook: WebhookOut
    secret: str
    oldSecretUntil: str | None = None


class WebhookDeleted(Schema):
    """What was deleted."""

    id: str
    type: Literal["webhook"] = "webhook"
    deleted: bool = True


class DeliveryOut(Schema):
    """A delivery with its last response. `id` is the `webhook-id` of its requests."""

    id: str
    event: str
    conversationId: str | None
    eventNumber: int | None
    status: Literal["pending", "succeeded", "failed"]
    attempts: int
    createdAt: str
    lastAttemptAt: str | None
    nextAttemptAt: str | None
    succeededAt: str | None
    lastStatus: int | None
    lastResponse: str | None
    lastError: str | None


class DeliveryList(Schema):
    """Deliveries, newest first."""

    deliveries: list[DeliveryOut]


class LogPart(Schema):
    """At most `limit` deliveries, the newest ones or those before the one with the id `before`."""

    limit: int = Field(50, ge=1, le=200)
    before: str | None = Field(None, max_length=64)


@router.get("/v1/webhooks", response={200: WebhookList, 401: Problem}, summary="List webhooks")
def list_webhooks(request: HttpRequest) -> WebhookList:
    """Return the webhooks of the account."""
    return WebhookList(webhooks=[_out(one) for one in webhooks.endpoints_of(caller(request).pk)])


@router.post("/v1/webhooks", response={201: WebhookSecret, 400: Problem, 401: Problem}, summary="Create a webhook")
def create_webhook(request: HttpRequest, body: NewWebhook) -> Status[WebhookSecret]:
    """Subscribe a URL to events. The response has the secret that signs the messages."""
    _check(body.url)
    try:
        made = webhooks.create_endpoint(caller(request).pk, body.url, body.events, _clean(body.description))
    except webhooks.TooManyWebhooks as error:
        raise ApiError(400, f"webhooks: {error}") from None
    return Status(201, WebhookSecret(webhook=_out(made), secret=webhooks.secret_of(made)))


@router.get("/v1/webhooks/{webhook_id}", response={200: WebhookOne, **COMMON_PROBLEMS}, summary="Get a webhook")
def read_webhook(request: HttpRequest, webhook_id: str) -> WebhookOne:
    """Return one webhook of the account."""
    return WebhookOne(webhook=_out(_found(request, webhook_id)))


@router.put("/v1/webhooks/{webhook_id}", response={200: WebhookOne, **COMMON_PROBLEMS}, summary="Change a webhook")
def change_webhook(request: HttpRequest, webhook_id: str, body: WebhookChanges) -> WebhookOne:
    """Change the given values; the others stay."""
    found = _found(request, webhook_id)
    if body.url is not None:
        _check(body.url)
    description = None if body.description is None else _clean(body.description)
    changed = webhooks.change_endpoint(found, webhooks.Changes(body.url, body.events, description, body.active))
    return WebhookOne(webhook=_out(changed))


@router.delete("/v1/webhooks/{webhook_id}", response={200: WebhookDeleted, **COMMON_PROBLEMS}, summary="Delete a webhook")
def delete_webhook(request: HttpRequest, webhook_id: str) -> WebhookDeleted:
    """Delete a webhook with its log; deliveries that wait are not sent."""
    found = _found(request, webhook_id)
    webhooks.remove_endpoint(found)
    return WebhookDeleted(id=str(found.pk))


@router.post("/v1/webhooks/{webhook_id}/secret", response={200: WebhookSecret, **COMMON_PROBLEMS}, summary="Rotate the secret of a webhook")
def rotate_webhook_secret(request: HttpRequest, webhook_id: str) -> WebhookSecret:
    """Return a new secret. For a day each message has two signatures: of the new secret, and of the one before."""
    rotated = webhooks.rotate_secret(_found(request, webhook_id))
    until = iso(rotated.rotated_at + webhooks.OLD_SECRET_FOR) if rotated.rotated_at else None
    return WebhookSecret(webhook=_out(rotated), secret=webhooks.secret_of(rotated), oldSecretUntil=until)


@router.post("/v1/webhooks/{webhook_id}/test", response={202: DeliveryOut, **COMMON_PROBLEMS}, summary="Send a test message")
def test_webhook(request: HttpRequest, webhook_id: str) -> Status[DeliveryOut]:
    """Send a message of the kind `webhook.test`, once. The log has its response."""
    found = _found(request, webhook_id)
    if not found.active:
        raise ApiError(400, "active: the webhook is not active; set it to true first")
    return Status(202, _delivery(webhooks.send_test(found)))


@router.get("/v1/webhooks/{webhook_id}/deliveries", response={200: DeliveryList, **COMMON_PROBLEMS}, summary="List deliveries of a webhook")
def list_deliveries(request: HttpRequest, webhook_id: str, part: Query[LogPart]) -> DeliveryList:
    """Return the log of the last seven days, newest first, with the last response of each delivery."""
    found = _found(request, webhook_id)
    before = _message_id(part.before) if part.before is not None else None
    log = webhooks.deliveries_of(found, part.limit, before)
    if log is None:
        raise ApiError(400, "before: is not the id of a delivery of this webhook")
    return DeliveryList(deliveries=[_delivery(one) for one in log])


def _found(request: HttpRequest, webhook_id: str) -> WebhookEndpoint:
    """Return a webhook of the caller. Raises 404 for any other, with one message."""
    owner_id = caller(request).pk
    try:
        found = webhooks.endpoint_of(owner_id, UUID(webhook_id))
    except ValueError:
        found = None
    if found is None:
        raise ApiError(404, UNKNOWN)
    return found


def _message_id(text: str) -> UUID:
    try:
        return UUID(text.removeprefix("msg_"))
    except ValueError:
        raise ApiError(400, "before: is not the id of a delivery of this webhook") from None


def _check(url: str) -> None:
    try:
        check_url(url)
    except UrlRefused as error:
        raise ApiError(400, f"url: {error}") from None


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _out(endpoint: WebhookEndpoint) -> WebhookOut:
    return WebhookOut(
        id=str(endpoint.pk),
        url=endpoint.url,
        events=endpoint.events,
        description=endpoint.description,
        active=endpoint.active,
        inactiveReason=endpoint.inactive_reason or None,
        failingSince=iso(endpoint.failing_since) if endpoint.failing_since else None,
        createdAt=iso(endpoint.created_at),
    )


def _delivery(row: WebhookDelivery) -> DeliveryOut:
    return DeliveryOut(
        id=f"msg_{row.message_id.hex}",
        event=row.kind,
        conversationId=str(row.conversation_id) if row.conversation_id else None,
        eventNumber=row.event_number,
        status=webhooks.delivery_status(row),
        attempts=row.attempts,
        createdAt=iso(row.created_at),
        lastAttemptAt=iso(row.last_attempt_at) if row.last_attempt_at else None,
        nextAttemptAt=iso(row.next_attempt_at) if row.next_attempt_at else None,
        succeededAt=iso(row.succeeded_at) if row.succeeded_at else None,
        lastStatus=row.last_status,
        lastResponse=row.last_response or None,
        lastError=row.last_error or None,
    )
