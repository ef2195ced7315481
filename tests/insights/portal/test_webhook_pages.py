"""The pages of webhooks."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import jobs, webhooks
from insights.models import WebhookDelivery, WebhookEndpoint
from tests.http_server import Receiver, answer, http_server

FORM: dict[str, Any] = {"url": "https://8.8.8.8/hook", "events": ["conversation.completed"], "description": "Chat"}


@pytest.fixture
def made(user: User) -> WebhookEndpoint:
    """A webhook of `user`."""
    return webhooks.create_endpoint(user.pk, FORM["url"], FORM["events"], "Chat")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that answers 200 to everything."""
    with http_server(answer(200)) as found:
        yield found


def test_a_webhook_is_created_and_its_secret_shown_once(user_client: Client, user: User) -> None:
    """The page after the form has the secret; the list and the webhook's page do not."""
    assert "No webhooks yet" in user_client.get("/settings/webhooks/").content.decode()
    response = user_client.post("/settings/webhooks/", FORM)
    (endpoint,) = webhooks.endpoints_of(user.pk)
    secret = webhooks.secret_of(endpoint)
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    for address in ("/settings/webhooks/", f"/settings/webhooks/{endpoint.pk}/"):
        page = user_client.get(address).content.decode()
        assert "Chat" in page
        assert secret not in page


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"url": "ftp://8.8.8.8/"}, "url", "http"),
        ({"url": "http://127.0.0.1/"}, "url", "not public"),
        ({"events": []}, "events", "Choose at least one event."),
        ({"events": ["nothing"]}, "events", "not one of the available choices"),
    ],
)
def test_an_invalid_webhook_is_refused(user_client: Client, user: User, change: dict[str, Any], field: str, text: str) -> None:
    """The error is at its field."""
    response = user_client.post("/settings/webhooks/", FORM | change)
    assert response.status_code == 400
    assert text in str(response.context["form"].errors[field])
    assert not webhooks.endpoints_of(user.pk).exists()


def test_the_limit_is_told(user_client: Client, user: User) -> None:
    """An account has at most 20 webhooks."""
    for number in range(webhooks.MOST_ENDPOINTS):
        webhooks.create_endpoint(user.pk, f"https://8.8.8.8/{number}", FORM["events"])
    response = user_client.post("/settings/webhooks/", FORM)
    assert response.status_code == 400
    assert "at most 20 webhooks" in response.content.decode()


def test_a_webhook_is_changed_stopped_and_deleted(user_client: Client, made: WebhookEndpoint) -> None:
    """Each action is confirmed and stored."""
    address = f"/settings/webhooks/{made.pk}/"
    assert "Webhook saved." in user_client.post(address, FORM | {"events": ["insight.created"]}, follow=True).content.decode()
    made.refresh_from_db()
    assert made.events == ["insight.created"]
    page = user_client.post(f"{address}active/", {"active": "false"}, follow=True).content.decode()
    assert "This webhook is not active" in page
    assert "Activate it first" in user_client.post(f"{address}test/").content.decode()
    user_client.post(f"{address}active/", {"active": "true"})
    made.refresh_from_db()
    assert made.active
    assert "Webhook deleted." in user_client.post(f"{address}delete/", follow=True).content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_is_shown_once(user_client: Client, made: WebhookEndpoint) -> None:
    """It differs from the one before."""
    before = webhooks.secret_of(made)
    page = user_client.post(f"/settings/webhooks/{made.pk}/secret/").content.decode()
    made.refresh_from_db()
    assert webhooks.secret_of(made) != before
    assert webhooks.secret_of(made) in page
    assert webhooks.secret_of(made) not in user_client.get(f"/settings/webhooks/{made.pk}/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_log_shows_a_test_message_until_it_is_delivered(user_client: Client, user: User, receiver: Receiver, settings: Any) -> None:
    """While it is pending the log asks for itself again, and no longer when the response is there."""
    settings.ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    made = webhooks.create_endpoint(user.pk, f"http://127.0.0.1:{receiver.port}/hook", FORM["events"])
    page = user_client.post(f"/settings/webhooks/{made.pk}/test/", follow=True).content.decode()
    assert "Pending" in page
    assert "hx-get" in page
    jobs.run_waiting()
    log = user_client.get(f"/settings/webhooks/{made.pk}/log/").content.decode()
    assert "Delivered" in log
    assert "status 200" in log
    assert "hx-get" not in log
    assert len(receiver.requests) == 1


def test_an_old_log_has_pages(user_client: Client, made: WebhookEndpoint) -> None:
    """The newest 25 deliveries first, then the older ones."""
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=made, kind="webhook.test", last_status=100 + number) for number in range(30)
    )
    first = user_client.get(f"/settings/webhooks/{made.pk}/")
    assert [one["row"].last_status for one in first.context["deliveries"]] == list(range(129, 104, -1))
    second = user_client.get(f"/settings/webhooks/{made.pk}/?before={first.context['older']}")
    assert [one["row"].last_status for one in second.context["deliveries"]] == list(range(104, 99, -1))
    for wrong in (uuid4(), "x"):
        assert user_client.get(f"/settings/webhooks/{made.pk}/?before={wrong}").status_code == 404


def test_another_account_gets_404(other_client: Client, made: WebhookEndpoint) -> None:
    """No page and no action of a webhook is for anybody else."""
    address = f"/settings/webhooks/{made.pk}/"
    assert {other_client.get(address + rest).status_code for rest in ("", "log/")} == {404}
    assert {other_client.post(address + rest, FORM).status_code for rest in ("", "test/", "active/", "secret/", "delete/")} == {404}
    made.refresh_from_db()
    assert (made.secret_number, made.active) == (1, True)
