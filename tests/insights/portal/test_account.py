"""One's own account: the password and the apps."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import access
from insights.models import App

NEW = {"old_password": "correct horse battery", "new_password1": "wrong mule accumulator", "new_password2": "wrong mule accumulator"}


def test_the_page_tells_who_one_is_and_what_an_app_is(visitor: Client) -> None:
    """Without an app it says what to do."""
    text = visitor.get("/account/").content.decode()
    assert "jane@example.com" in text
    assert "No apps yet" in text


def test_an_app_is_made_and_its_secret_shown_once(visitor: Client, user: User) -> None:
    """The credentials on the page give a token for the account; the next page has the secret no more."""
    answer = visitor.post("/account/apps/", {"app_name": "Robin"})
    app, secret = App.objects.get(), answer.context["secret"]
    assert app.app_id in answer.content.decode()
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert access.user_of_token(access.token_for(app.app_id, secret).access_token) == user
    page = visitor.get("/account/").content.decode()
    assert "Robin" in page
    assert secret not in page


def test_an_app_needs_a_name(visitor: Client) -> None:
    """Without one nothing is made."""
    assert visitor.post("/account/apps/", {"app_name": " "}).status_code == 400
    assert not App.objects.exists()


def test_a_revoked_app_is_shut_out(visitor: Client, user: User) -> None:
    """Its token is worth nothing any more, and it is gone from the page."""
    app, secret = access.create_app(user, "Robin")
    token = access.token_for(app.app_id, secret).access_token
    answer = visitor.post(f"/account/apps/{app.pk}/revoke/", follow=True)
    assert "App revoked" in answer.content.decode()
    assert "Robin" not in answer.content.decode()
    assert access.user_of_token(token) is None


def test_nobody_revokes_the_app_of_another(visitor: Client, other_user: User) -> None:
    """It does not exist for others."""
    app, _ = access.create_app(other_user, "Theirs")
    assert visitor.post(f"/account/apps/{app.pk}/revoke/").status_code == 404
    assert App.objects.get().revoked_at is None


def test_a_new_password(visitor: Client, user: User) -> None:
    """One stays signed in here; a browser that came in with the old password does not."""
    elsewhere = Client()
    elsewhere.force_login(user)
    answer = visitor.post("/account/password/", NEW, follow=True)
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
def test_a_wrong_form_changes_nothing_and_says_why(visitor: Client, change: dict[str, str], text: str) -> None:
    """The old password still opens the door."""
    answer = visitor.post("/account/password/", NEW | change)
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert Client().login(username="jane@example.com", password="correct horse battery")


def test_the_old_password_is_not_guessed_at_a_borrowed_browser(visitor: Client, settings: Any) -> None:
    """After too many wrong tries in a minute even the right one is refused; what is wrong with a new one is no guess."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    short = NEW | {"new_password1": "short", "new_password2": "short"}
    tries = [visitor.post("/account/password/", form).status_code for form in (short, *[NEW | {"old_password": "guess"}] * 2, NEW)]
    assert tries == [400, 400, 400, 429]
    assert "Wait a minute" in visitor.post("/account/password/", NEW).content.decode()
    assert Client().login(username="jane@example.com", password="correct horse battery")


@pytest.mark.parametrize("path", ["/account/password/", "/account/apps/", "/account/apps/1/revoke/"])
def test_strangers_are_sent_to_the_door(client: Client, user: User, path: str) -> None:
    """Nothing is changed for who is not signed in."""
    assert client.post(path)["Location"].startswith("/signin/")
