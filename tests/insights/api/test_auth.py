"""Authentication of API requests."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights.models import App, Conversation
from tests.insights.api.conftest import token_of

REFUSED = {"message": "Token validation failed for provided token."}


@pytest.mark.parametrize("door", ["bearer", "key", "query", "cookie"])
def test_every_form_of_credential_is_accepted(talk: Conversation, owner: User, door: str) -> None:
    """Bearer, x-api-key, access_token and the portal's cookie each authenticate the owner."""
    client, token, path = Client(), token_of(owner), f"/v1/conversations/{talk.id}"
    if door == "cookie":
        client.force_login(owner)
        answer = client.get(path)
    elif door == "query":
        answer = client.get(path, {"access_token": token})
    else:
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"} if door == "bearer" else {"X-API-KEY": token})
    assert answer.status_code == 200
    assert answer.json()["id"] == str(talk.id)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic x"}, {"X-API-KEY": "a.b.c"}])
def test_requests_without_a_valid_token_are_refused(talk: Conversation, headers: dict[str, str]) -> None:
    """A request with no token or a wrong token gets Symbl's 401."""
    answer = Client().get(f"/v1/conversations/{talk.id}", headers=headers)
    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_a_token_takes_precedence_over_a_cookie(talk: Conversation, owner: User) -> None:
    """A request with a wrong token is refused even if it has a valid cookie."""
    client = Client()
    client.force_login(owner)
    assert client.get(f"/v1/conversations/{talk.id}", headers={"X-API-KEY": "wrong"}).status_code == 401


def test_tokens_of_a_revoked_app_are_refused(talk: Conversation, owner: User) -> None:
    """Revoking an app invalidates its tokens."""
    token = token_of(owner)
    App.objects.update(revoked_at=talk.started_at)
    assert Client().get(f"/v1/conversations/{talk.id}", {"access_token": token}).status_code == 401


@pytest.mark.parametrize("wrong", ["1234567890123456", "abc", "1" * 500, "%00", "1%2F2", "='"])
def test_unknown_ids_are_404(owner: User, wrong: str) -> None:
    """Malformed ids get the same 404 as unknown ids."""
    answer = Client().get(f"/v1/conversations/{wrong}", {"access_token": token_of(owner)})
    assert answer.status_code == 404
    if "%2F" not in wrong:
        assert answer.json() == {"message": "The conversationId is either invalid or does not exist."}


def test_other_origins_may_read_with_tokens_only(talk: Conversation, owner: User) -> None:
    """CORS allows any origin without credentials, and the preflight allows the token headers."""
    path = f"/v1/conversations/{talk.id}/messages"
    preflight = Client().options(path, headers={"Origin": "https://else.example"})
    assert preflight.status_code == 204
    for header in ("authorization", "x-api-key"):
        assert header in preflight["Access-Control-Allow-Headers"].lower()
    answer = Client().get(path, headers={"Origin": "https://else.example", "X-API-KEY": token_of(owner)})
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.django_db
def test_a_write_without_credentials_is_not_authenticated() -> None:
    """The answer is 401 with the protocol's text, not an error about CSRF; a cookie without the CSRF token is refused."""
    client = Client(enforce_csrf_checks=True)
    response = client.post("/v1/process/text", {"messages": []}, "application/json")
    assert (response.status_code, response.json()) == (401, {"message": "Token validation failed for provided token."})
    client.force_login(User.objects.create_user("jane@example.com"))
    assert client.post("/v1/process/text", {"messages": []}, "application/json").status_code == 403
