"""A webhook of an account, whose URL is a server of the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_network

import pytest
from django.contrib.auth.models import User

from insights import webhooks
from insights.models import WebhookEndpoint
from tests.http_server import Receiver, Responder, answer, http_server

Subscribe = Callable[..., tuple[WebhookEndpoint, Receiver]]


@pytest.fixture
def receive(settings) -> Iterator[Callable[[Responder], Receiver]]:  # type: ignore[no-untyped-def]
    """Start servers that webhooks may reach."""
    settings.ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with ExitStack() as stack:
        yield lambda respond: stack.enter_context(http_server(respond))


@pytest.fixture
def subscribe(owner: User, receive: Callable[[Responder], Receiver]) -> Subscribe:
    """Return a function that creates a webhook of the owner, by default for all events and with a server that answers 200."""

    def make(*events: str, respond: Responder | None = None, user: User | None = None) -> tuple[WebhookEndpoint, Receiver]:
        receiver = receive(respond or answer(200, b"thank you"))
        url = f"http://127.0.0.1:{receiver.port}/hook"
        return webhooks.create_endpoint((user or owner).pk, url, events or webhooks.EVENT_KINDS), receiver

    return make
