"""Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com), version v1: HMAC-SHA256.

A secret is derived from SECRET_KEY, the endpoint's id and its secret number, so that the database holds none.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from insights.models import WebhookEndpoint

PREFIX = "whsec_"
OLD_SECRET_FOR = timedelta(days=1)
"""How long messages are also signed with the secret before the last rotation."""


def secret_of(endpoint: WebhookEndpoint) -> str:
    """Return the current secret in the form of the specification."""
    return PREFIX + base64.b64encode(_key(endpoint.id, endpoint.secret_number)).decode()


def headers(endpoint: WebhookEndpoint, message_id: UUID, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a signed message. After a rotation there are two signatures for a day."""
    numbers = [endpoint.secret_number]
    if endpoint.rotated_at is not None and now - endpoint.rotated_at < OLD_SECRET_FOR:
        numbers.append(endpoint.secret_number - 1)
    identity, timestamp = f"msg_{message_id.hex}", str(int(now.timestamp()))
    signed = f"{identity}.{timestamp}.".encode() + body
    signatures = (hmac.new(_key(endpoint.id, number), signed, hashlib.sha256).digest() for number in numbers)
    return {
        "webhook-id": identity,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures),
    }


def _key(endpoint_id: UUID, number: int) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"parley webhook secret {endpoint_id} {number}".encode(), hashlib.sha256).digest()
