"""The account page: the password and the apps of developers."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from insights import access
from insights.models import App
from tests.insights.conftest import user_of_token

NEW = {"old_password": "correct horse battery", "new_password1": "wrong mule accumulator", "new_password2": "wrong mule accumulator"}


def test_the_page_shows_the_account_and_explains_apps(user_client: Client) -> None:
    """The page of an account without apps explains how to create one."""
    assert "jane@example.com" in user_client.get("/account/").content.decode()
    text = user_client.get("/developers/").content.decode()
    assert "No apps yet" in text


def test_an_app_is_created_and_its_secret_shown_once(user_client: Client, user: User) -> None:
    """The shown credentials get a token for the account, and a reload does not show the secret again."""
    answer = user_client.post("/account/apps/", {"app_name": "Robin", "scopes": ["read", "write"], "days": "90"})
    app, secret = App.objects.get(), answer.context["secret"]
    assert app.app_id in answer.content.decode()
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert user_of_token(access.token_for(app.app_id, secret).access_token) == user
    page = user_client.get("/developers/").content.decode()
    assert "Robin" in page
    assert "read write" in page
    assert "last used" in page
    assert app.expires_at is not None
    assert timedelta(days=89) < app.expires_at - timezone.now() <= timedelta(days=90)
    assert secret not in page


def test_an_app_needs_a_name(user_client: Client) -> None:
    """A form without a name, without a scope or with an unknown one creates no app."""
    assert user_client.post("/account/apps/", {"app_name": " ", "scopes": ["read"]}).status_code == 400
    for scopes in ([], ["admin"]):
        assert user_client.post("/account/apps/", {"app_name": "Robin", "scopes": scopes}).status_code == 400
    assert not App.objects.exists()


def test_tokens_of_a_revoked_app_are_refused(user_client: Client, user: User) -> None:
    """A revoked app's token is refused, and the app is gone from the page."""
    app, secret = access.create_app(user, "Robin")
    token = access.token_for(app.app_id, secret).access_token
    answer = user_client.post(f"/account/apps/{app.pk}/revoke/", follow=True)
    assert "App revoked" in answer.content.decode()
    assert "Robin" not in answer.content.decode()
    assert user_of_token(token) is None


def test_another_users_app_cannot_be_revoked(user_client: Client, other_user: User) -> None:
    """Revoking another user's app gets 404."""
    app, _ = access.create_app(other_user, "Theirs")
    assert user_client.post(f"/account/apps/{app.pk}/revoke/").status_code == 404
    assert App.objects.get().revoked_at is None


def test_a_new_password(user_client: Client, user: User) -> None:
    """A new password keeps this browser's sign-in and ends those of other browsers."""
    elsewhere = Client()
    elsewhere.force_login(user)
    answer = user_client.post("/account/password/", NEW, follow=True)
    assert "Password changed" in answer.content.decode()
    assert elsewhere.get("/").status_code == 302
    assert Client().login(username="jane@example.com", password="wrong mule accumulator")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"old_password": "guess"}, "Wrong password."),
        ({"new_password2": "another"}, "didn’t match"),
        ({"new_password1": "short", "new_password2": "short"}, "at least 10 characters"),
    ],
)
def test_an_invalid_password_form_changes_nothing(user_client: Client, change: dict[str, str], text: str) -> None:
    """The page shows the error, and the old password stays valid."""
    answer = user_client.post("/account/password/", NEW | change)
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert Client().login(username="jane@example.com", password="correct horse battery")


def test_guessing_the_old_password_is_limited(user_client: Client, settings: Any) -> None:
    """After too many wrong old passwords in a minute the right one is refused; an invalid new password does not count."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    short = NEW | {"new_password1": "short", "new_password2": "short"}
    tries = [user_client.post("/account/password/", form).status_code for form in (short, *[NEW | {"old_password": "guess"}] * 2, NEW)]
    assert tries == [400, 400, 400, 429]
    assert "Wait a minute" in user_client.post("/account/password/", NEW).content.decode()
    assert Client().login(username="jane@example.com", password="correct horse battery")


@pytest.mark.parametrize("path", ["/account/password/", "/account/apps/", "/account/apps/1/revoke/"])
def test_requests_without_a_sign_in_are_redirected_to_sign_in(client: Client, user: User, path: str) -> None:
    """A request without a sign-in changes nothing."""
    assert client.post(path)["Location"].startswith("/signin/")
