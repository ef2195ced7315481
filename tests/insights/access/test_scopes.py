"""Scopes of apps: which call needs which, and what a token without it gets."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import access
from insights.api.root import api
from insights.models import App
from tests.insights.conftest import user_of_token


def token_with(user: User, *scopes: str) -> str:
    """Return a token of a new app with these scopes."""
    app, secret = access.create_app(user, "test", frozenset(scopes))
    return access.token_for(app.app_id, secret).access_token


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/conversations", "read"),
        ("GET", "/v1/conversations/1/messages", "read"),
        ("POST", "/v1/conversations/1/transcript", "read"),
        ("POST", "/v1/conversations/{conversation_id}/transcript", "read"),
        ("PUT", "/v1/conversations/1", "write"),
        ("DELETE", "/v1/conversations/1", "write"),
        ("POST", "/v1/process/text", "write"),
        ("GET", "/v1/job/1", "read"),
        ("GET", "/v1/manage/trackers", "read"),
        ("POST", "/v1/manage/tracker", "manage"),
        ("DELETE", "/v1/manage/tracker/1", "manage"),
        ("GET", "/v1/webhooks", "manage"),
        ("POST", "/v1/webhooks/1/test", "manage"),
        ("PATCH", "/v1/managed", "write"),
    ],
)
def test_the_scope_of_a_call(method: str, path: str, scope: str) -> None:
    """Reading needs read, changes need write, and the account's own settings manage."""
    assert access.scope_of_call(method, path) == scope


def test_a_missing_scope_is_403_and_named(user: User) -> None:
    """A valid token without the scope gets 403 with the name of the scope and those that it has; a wrong token 401; a sign-in has all."""
    url = "/v1/conversations"
    answer = Client().get(url, headers={"x-api-key": token_with(user, "stream", "manage")})
    assert answer.status_code == 403
    assert answer.json() == {
        "message": "This call needs the scope read, which the app of this token does not have. It has: stream, manage."
    }
    assert Client().get(url, headers={"x-api-key": token_with(user, "read")}).status_code == 200
    assert Client().get(url, headers={"x-api-key": "wrong"}).status_code == 401
    browser = Client()
    browser.force_login(user)
    assert browser.get(url).status_code == 200


def test_every_call_with_a_token_documents_its_scope() -> None:
    """The schema names the scope of each call that needs a token, and declares 401 and 403 for it."""
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/oauth2"):
                continue
            assert f"Scope: `{access.scope_of_call(method.upper(), path)}`." in operation["description"], path
            assert {401, 403} <= set(operation["responses"]), path


def test_existing_apps_have_all_scopes(user: User) -> None:
    """An app that was created without scopes has all."""
    access.create_app(user, "test")
    assert App.objects.get().scopes == "stream read write manage"


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({"read", "admin"})])
def test_no_and_unknown_scopes_are_refused(user: User, scopes: frozenset[str]) -> None:
    """An app needs at least one known scope."""
    with pytest.raises(ValueError, match="scopes: at least one of stream, read, write, manage"):
        access.create_app(user, "test", scopes)


def test_the_last_use_is_stored(user: User) -> None:
    """Getting a token and using it both count; within ten minutes nothing is written again."""
    token = token_with(user, "read")
    App.objects.update(last_used_at=None)
    assert user_of_token(token)
    used = App.objects.get().last_used_at
    assert used is not None
    assert user_of_token(token)
    assert App.objects.get().last_used_at == used
