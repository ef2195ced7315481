"""The error pages."""

import pytest
from django.test import Client

from insights.portal import conversations


def test_an_unknown_url_gets_our_error_page(client: Client, db: None) -> None:
    """The 404 page links back to the list."""
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_a_form_without_its_csrf_token_gets_our_error_page(user: object) -> None:
    """Django's own CSRF page is not shown."""
    answer = Client(enforce_csrf_checks=True).post("/signin/", {})
    assert answer.status_code == 403
    assert "You do not have access" in answer.content.decode()


def test_the_address_of_a_form_gets_our_error_page(user_client: Client) -> None:
    """A browser that comes to it after the sign-in sees a page with its status; programs get the empty response."""
    browser = {"accept": "text/html,*/*;q=0.8"}
    answer = user_client.get("/signout/", headers=browser)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert "Nothing to show here" in answer.content.decode()
    assert "Content-Security-Policy" in answer.headers
    assert "Hier gibt es nichts anzuzeigen" in user_client.get("/signout/", headers={**browser, "accept-language": "de"}).content.decode()
    assert user_client.get("/signout/").content == b""


def test_an_exception_gets_our_error_page(user_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 500 page shows nothing of the exception."""

    def raise_error(*args: object) -> None:
        raise RuntimeError("the inner cause")

    monkeypatch.setattr(conversations, "page_of", raise_error)
    user_client.raise_request_exception = False
    answer = user_client.get("/conversations/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "inner cause" not in answer.content.decode()


def test_a_foreign_host_name_gets_our_error_page(client: Client) -> None:
    """The page does not repeat the host name of the request."""
    answer = client.get("/signin/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "Bad request" in answer.content.decode()
    assert "evil" not in answer.content.decode()
