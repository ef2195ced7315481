"""Webhooks: messages about jobs and conversations to URLs of their owners (docs/guide/webhooks.md).

Deliveries are stored in the transaction of the event or of the job's status (`receivers`), and sent by jobs (`deliver`), so that none is
lost when a process is killed. A message may arrive twice; `webhook-id` is then the same.
"""

from insights.webhooks.endpoints import (
    MOST_ENDPOINTS,
    Changes,
    TooManyWebhooks,
    change_endpoint,
    create_endpoint,
    deliveries_of,
    delivery_status,
    endpoint_of,
    endpoints_of,
    remove_endpoint,
    rotate_secret,
    send_test,
)
from insights.webhooks.receivers import notify_of_tasks, wants_tasks
from insights.webhooks.signing import OLD_SECRET_FOR, secret_of
from insights.webhooks.webhook_kinds import EVENT_KINDS

__all__ = [
    "EVENT_KINDS",
    "Changes",
    "MOST_ENDPOINTS",
    "OLD_SECRET_FOR",
    "TooManyWebhooks",
    "change_endpoint",
    "create_endpoint",
    "deliveries_of",
    "delivery_status",
    "endpoint_of",
    "endpoints_of",
    "remove_endpoint",
    "rotate_secret",
    "secret_of",
    "send_test",
    "notify_of_tasks",
    "wants_tasks",
]
