"""/v1/webhooks: create, change, list and delete webhooks, rotate secrets, send tests, read the log."""

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from insights import access, webhooks
from insights.models import WebhookDelivery, WebhookEndpoint
from tests.insights.api.conftest import token_of

URL = "/v1/webhooks"
BODY = {"url": "https://8.8.8.8/hook", "events": ["insight.created", "conversation.completed"], "description": "CRM"}


def call(user: User | None, method: str, path: str = "", body: object = None, **query: object):  # type: ignore[no-untyped-def]
    """Return the response to a request with a token of the user."""
    headers = {"x-api-key": token_of(user)} if user else {}
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    return Client().generic(
        method,
        URL + path,
        text,
        content_type="application/json",
        headers=headers,
        QUERY_STRING="&".join(f"{key}={value}" for key, value in query.items()),
    )


@pytest.fixture
def made(owner: User) -> dict[str, str]:
    """A webhook of the owner, as it was returned."""
    answer = call(owner, "POST", body=BODY)
    assert answer.status_code == 201
    return {**answer.json()["webhook"], "secret": answer.json()["secret"]}


def test_create_list_read_change_delete(owner: User, made: dict[str, str]) -> None:
    """A webhook can be read and changed in parts; its secret is in the answer to its creation only."""
    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["conversation.completed", "insight.created"]
    path = f"/{made['id']}"
    shown = {key: value for key, value in made.items() if key != "secret"}
    assert call(owner, "GET").json() == {"webhooks": [shown]}
    assert call(owner, "GET", path).json() == {"webhook": shown}
    changed = call(owner, "PUT", path, {"events": ["tracker.matched"], "active": False}).json()["webhook"]
    assert changed == {**shown, "events": ["tracker.matched"], "active": False}
    assert call(owner, "DELETE", path).json() == {"id": made["id"], "type": "webhook", "deleted": True}
    assert call(owner, "GET", path).status_code == 404
    assert call(owner, "GET").json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"url": "http://127.0.0.1/"}, "url: the host of the URL has an address that is not public"),
        ({"url": "ftp://8.8.8.8/"}, "url: the URL must start with https://"),
        ({"url": ""}, "url: String"),
        ({"url": 7}, "url"),
        ({"events": []}, "events: List"),
        ({"events": ["conversation.exploded"]}, "events"),
        ({"events": "insight.created"}, "events"),
        ({"description": "x" * 201}, "description"),
    ],
)
def test_malformed_webhooks_are_400_and_named(owner: User, made: dict[str, str], change: dict[str, object], named: str) -> None:
    """Creating and changing check every field, and name the one that is wrong."""
    for answer in (call(owner, "POST", body={**BODY, **change}), call(owner, "PUT", f"/{made['id']}", change)):
        assert answer.status_code == 400
        assert named in answer.json()["message"]
    assert call(owner, "POST", body="no json").status_code == 400


def test_others_and_unknown_webhooks_are_404(owner: User, other_owner: User, made: dict[str, str]) -> None:
    """Somebody else's webhook, an unknown id and text that is no id get the same answer for every call; nothing changes."""
    paths = [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/test"), ("GET", "/deliveries")]
    for user, identity in ((other_owner, made["id"]), (owner, uuid4()), (owner, "x%00"), (owner, "1")):
        for method, rest in paths:
            answer = call(user, method, f"/{identity}{rest}", {} if method == "PUT" else None)
            assert (answer.status_code, answer.json()) == (404, {"message": "The webhookId is either invalid or does not exist."})
    assert WebhookEndpoint.objects.get().secret_number == 1
    assert all(call(None, method, f"/{made['id']}{rest}").status_code == 401 for method, rest in paths)


def test_webhooks_need_the_scope_manage(owner: User, made: dict[str, str]) -> None:
    """A token that may read and write conversations may not see webhooks."""
    app, secret = access.create_app(owner, "test", frozenset({"read", "write", "stream"}))
    token = access.token_for(app.app_id, secret).access_token
    answer = Client().get(URL, headers={"x-api-key": token})
    assert answer.status_code == 403
    assert "manage" in answer.json()["message"]


def test_rotating_gives_a_new_secret(owner: User, made: dict[str, str]) -> None:
    """The new secret differs, and the answer says how long the old one is valid."""
    answer = call(owner, "POST", f"/{made['id']}/secret").json()
    assert answer["secret"] != made["secret"]
    assert answer["secret"] == webhooks.secret_of(WebhookEndpoint.objects.get())
    assert answer["oldSecretUntil"] > answer["webhook"]["createdAt"]


def test_the_log(owner: User, made: dict[str, str]) -> None:
    """A test delivery is in the log, which is paged from the newest to the oldest; an inactive webhook sends none."""
    sent = [call(owner, "POST", f"/{made['id']}/test") for _ in range(3)]
    assert [one.status_code for one in sent] == [202] * 3
    ids = [one.json()["id"] for one in reversed(sent)]
    path = f"/{made['id']}/deliveries"
    log = call(owner, "GET", path).json()["deliveries"]
    assert [one["id"] for one in log] == ids
    assert (log[0]["event"], log[0]["status"], log[0]["attempts"], log[0]["conversationId"]) == ("webhook.test", "pending", 0, None)
    assert [one["id"] for one in call(owner, "GET", path, limit=1).json()["deliveries"]] == ids[:1]
    assert [one["id"] for one in call(owner, "GET", path, limit=5, before=ids[0]).json()["deliveries"]] == ids[1:]
    for query in ({"before": "x"}, {"before": uuid4()}, {"limit": 0}, {"limit": 201}):
        assert call(owner, "GET", path, **query).status_code == 400
    now = timezone.now()
    newest = WebhookDelivery.objects.order_by("-id").first()
    assert newest is not None
    WebhookDelivery.objects.filter(pk=newest.pk).update(
        succeeded_at=now, next_attempt_at=None, last_status=200, last_response="ok", attempts=1
    )
    shown = call(owner, "GET", path, limit=1).json()["deliveries"][0]
    assert (shown["status"], shown["lastStatus"], shown["lastResponse"], shown["attempts"]) == ("succeeded", 200, "ok", 1)
    call(owner, "PUT", f"/{made['id']}", {"active": False})
    assert "active" in call(owner, "POST", f"/{made['id']}/test").json()["message"]


def test_an_account_has_a_limited_number(owner: User, made: dict[str, str]) -> None:
    """The twenty-first webhook is refused with what to do."""
    for _ in range(webhooks.MOST_ENDPOINTS - 1):
        webhooks.create_endpoint(owner.pk, "https://8.8.8.8/", ["insight.created"])
    answer = call(owner, "POST", body=BODY)
    assert answer.status_code == 400
    assert "at most 20" in answer.json()["message"]
