"""Signing in and out."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client


@pytest.mark.parametrize("address", ["jane@example.com", " Jane@Example.COM "])
def test_the_right_password_opens_the_list(client: Client, user: User, address: str) -> None:
    """Sign-in ignores the case of the address and redirects to the list."""
    answer = client.post("/signin/", {"username": address, "password": "correct horse battery"})
    assert answer.headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_the_error_does_not_say_which_part_is_wrong(client: Client, user: User) -> None:
    """An unknown address and a wrong password give the same text."""
    texts = set()
    for name in ("jane@example.com", "nobody@example.com"):
        answer = client.post("/signin/", {"username": name, "password": "wrong"})
        assert "Wrong e-mail address or password" in answer.content.decode()
        texts.add(answer.content.decode().count("Wrong e-mail address or password"))
    assert texts == {1}


def test_guessing_is_limited(client: Client, user: User, settings: LazySettings) -> None:
    """After too many wrong passwords in a minute the right one is refused; other accounts are not limited."""
    settings.TOKEN_TRIES_PER_MINUTE = 3
    for _ in range(3):
        assert client.post("/signin/", {"username": "jane@example.com", "password": "wrong"}).status_code == 200
    answer = client.post("/signin/", {"username": "Jane@example.com", "password": "correct horse battery"})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    User.objects.create_user("bob@example.com", password="correct horse battery")
    assert client.post("/signin/", {"username": "bob@example.com", "password": "correct horse battery"}).status_code == 302


def test_sign_in_redirects_to_the_requested_page(client: Client, user: User) -> None:
    """`next` is followed only within this site."""
    form = {"username": "jane@example.com", "password": "correct horse battery"}
    assert client.post("/signin/", {**form, "next": "/live/abc/"}).headers["Location"] == "/live/abc/"
    client.post("/signout/")
    assert client.post("/signin/", {**form, "next": "https://evil.example/"}).headers["Location"] == "/"


def test_signing_out_needs_a_post(user_client: Client) -> None:
    """A GET does not sign out; a POST does, and pages then require a sign-in."""
    assert user_client.get("/signout/").status_code == 405
    assert user_client.post("/signout/").headers["Location"] == "/signin/"
    assert user_client.get("/").headers["Location"] == "/signin/?next=/"


@pytest.mark.parametrize("path", ["/", "/conversations/1234567890123456/", "/live/", "/live/room/", "/watch/room/", "/resume-point/room/"])
def test_every_page_requires_a_sign_in(client: Client, user: User, path: str) -> None:
    """A request without a sign-in is redirected and gets no content."""
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/signin/?next={path}"
