"""The first account of an installation."""

import threading
import time

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from insights import access
from insights.access import SetupClosed, create_first_account, setup_link
from insights.access.setup import TOKEN_S

FORM = {"name": "Ada", "email": "Ada@Example.org", "password": "correct horse battery", "again": "correct horse battery"}


def token() -> str:
    """Return a new setup token."""
    return setup_link("http://testserver").partition("?token=")[2]


@pytest.mark.django_db
def test_an_empty_installation_redirects_to_the_first_account(client: Client) -> None:
    """The list and sign-in redirect to a page that explains where the link is, and the link shows the form."""
    assert client.get("/").headers["Location"] == "/welcome/"
    assert client.get("/signin/").headers["Location"] == "/welcome/"
    without = client.get("/welcome/")
    assert without.status_code == 403
    assert "manage.py setuplink" in without.content.decode()
    page = client.get(setup_link("http://testserver"))
    assert page.status_code == 200
    assert "Create the first account. It will be an administrator." in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]


@pytest.mark.django_db
def test_the_first_account_is_the_administrator_and_signed_in(client: Client) -> None:
    """The form creates a superuser with a lower-case address and signs it in."""
    assert client.post("/welcome/", FORM | {"token": token()}).headers["Location"] == "/"
    user = User.objects.get()
    assert (user.username, user.first_name, user.is_superuser, user.is_staff) == ("ada@example.org", "Ada", True, True)
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_page_sends_its_form_without_the_token_in_the_address(client: Client) -> None:
    """The form's URL has no token, so that a proxy logs the token at most once."""
    page = client.get(setup_link("http://testserver")).content.decode()
    assert 'action="/welcome/"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["", "x", "x.y.z", "é", "\x00", "a" * 10_000])
def test_the_first_account_needs_the_token(client: Client, wrong: str) -> None:
    """A form without a token or with an invented one creates no account."""
    assert client.post("/welcome/", FORM | {"token": wrong}).status_code == 403
    assert client.get("/welcome/", {"token": wrong}).status_code == 403
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_token_of_another_installation_is_refused(client: Client, settings: LazySettings) -> None:
    """A token signed with another key is refused."""
    foreign = token()
    settings.SECRET_KEY = "another key of another installation, long enough"
    assert client.get("/welcome/", {"token": foreign}).status_code == 403


@pytest.mark.django_db
def test_an_old_token_is_refused_and_the_page_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token expires after a day, because logs and a terminal's history may hold it."""
    old = token()
    now = time.time() + TOKEN_S + 2
    monkeypatch.setattr("django.core.signing.time.time", lambda: now)
    answer = client.post("/welcome/", FORM | {"token": old})
    assert answer.status_code == 403
    assert "has expired" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_wrong_tokens_are_limited(client: Client, settings: LazySettings) -> None:
    """After too many wrong tokens an address is limited for a while; other addresses are not."""
    settings.TOKEN_TRIES_PER_MINUTE = 3
    good = token()
    assert [client.get("/welcome/", {"token": "wrong"}).status_code for _ in range(4)] == [403, 403, 403, 429]
    refused = client.post("/welcome/", FORM | {"token": good})
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert client.get("/welcome/", {"token": good}, REMOTE_ADDR="203.0.113.9").status_code == 200


@pytest.mark.django_db
def test_after_the_first_account_the_page_is_gone(client: Client) -> None:
    """GET and POST have no effect once an account exists, with and without a valid token."""
    client.post("/welcome/", FORM | {"token": token()})
    other_owner = Client()
    assert other_owner.get(setup_link("http://testserver")).status_code == 404
    assert other_owner.post("/welcome/", {**FORM, "email": "eve@example.org", "token": token()}).status_code == 404
    assert other_owner.get("/").headers["Location"] == "/signin/?next=/"
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("password", [None, "correct horse battery"])
def test_an_account_without_password_closes_the_page_and_is_not_taken_over(client: Client, password: str | None) -> None:
    """An account made by `createapp` cannot be claimed through the page; the sign-in page explains what to do."""
    program = User.objects.create_user("ada@example.org", password=password)
    access.create_app(program, "bot")
    before = program.password
    assert client.get(setup_link("http://testserver")).status_code == 404
    assert client.post("/welcome/", FORM | {"token": token()}).status_code == 404
    program.refresh_from_db()
    assert (program.is_superuser, program.password) == (False, before)
    with pytest.raises(SetupClosed):
        create_first_account("Eve", "ada@example.org", "correct horse battery")
    assert ("manage.py createadmin" in client.get("/signin/").content.decode()) is (password is None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"again": "something else"}, "The passwords do not match."),
        ({"password": "short", "again": "short"}, "at least 10 characters"),
        ({"password": "1234567890123", "again": "1234567890123"}, "entirely numeric"),
        ({"email": "nobody"}, "name@example.com"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_an_invalid_form_shows_the_error(client: Client, change: dict[str, str], text: str) -> None:
    """An invalid form creates no account."""
    answer = client.post("/welcome/", {**FORM, **change, "token": token()})
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_create_one_administrator() -> None:
    """The request that loses the race creates nothing."""
    gate = threading.Barrier(4)
    results: list[str] = []

    def visit(number: int) -> None:
        gate.wait(60)
        try:
            create_first_account("Somebody", f"person{number}@example.org", "correct horse battery")
            results.append("made")
        except SetupClosed:
            results.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(results) == ["made", "too late", "too late", "too late"]
    assert User.objects.count() == 1
