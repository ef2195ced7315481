"""The first account of an installation."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from insights.access import TooLate, make_administrator

FORM = {"name": "Ada", "email": "Ada@Example.org", "password": "correct horse battery", "again": "correct horse battery"}


@pytest.mark.django_db
def test_an_empty_installation_leads_to_the_first_account(client: Client) -> None:
    """The first visitor is brought to the form from the list and from sign in."""
    assert client.get("/").headers["Location"] == "/welcome/"
    assert client.get("/signin/").headers["Location"] == "/welcome/"
    assert "Make the account" in client.get("/welcome/").content.decode()


@pytest.mark.django_db
def test_the_first_account_is_the_administrator_and_signed_in(client: Client) -> None:
    """The form makes a superuser with the address in small letters, who is in at once."""
    assert client.post("/welcome/", FORM).headers["Location"] == "/"
    user = User.objects.get()
    assert (user.username, user.first_name, user.is_superuser, user.is_staff) == ("ada@example.org", "Ada", True, True)
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_after_the_first_account_the_page_is_gone(client: Client) -> None:
    """Neither reading nor sending the form does anything any more."""
    client.post("/welcome/", FORM)
    stranger = Client()
    assert stranger.get("/welcome/").status_code == 404
    assert stranger.post("/welcome/", {**FORM, "email": "eve@example.org"}).status_code == 404
    assert stranger.get("/").headers["Location"] == "/signin/?next=/"
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_user_of_createapp_has_no_password_and_does_not_count(client: Client) -> None:
    """Credentials made on the command line before the first visit do not lock the administrator out."""
    program = User.objects.create_user("ada@example.org")
    assert client.post("/welcome/", FORM).status_code == 302
    program.refresh_from_db()
    assert program.is_superuser
    assert program.check_password(FORM["password"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"again": "something else"}, "The two passwords are not the same."),
        ({"password": "short", "again": "short"}, "at least 10 characters"),
        ({"password": "1234567890123", "again": "1234567890123"}, "entirely numeric"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_wrong_form_says_what_is_wrong(client: Client, change: dict[str, str], text: str) -> None:
    """No account is made, and the page says why."""
    answer = client.post("/welcome/", {**FORM, **change})
    assert answer.status_code == 400
    assert text in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_first_visitors_at_once_one_becomes_administrator() -> None:
    """The loser of the race makes nothing."""
    gate = threading.Barrier(4)
    results: list[str] = []

    def visit(number: int) -> None:
        gate.wait(60)
        try:
            make_administrator("Somebody", f"person{number}@example.org", "correct horse battery")
            results.append("made")
        except TooLate:
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
