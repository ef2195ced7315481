"""The pages that say what went wrong, in plain words."""

import pytest
from django.test import Client

from insights.portal import conversations


def test_an_unknown_address_is_answered_in_plain_words(client: Client, db: None) -> None:
    """With a way back."""
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_plain_words(user: object) -> None:
    """Django's own technical page is not shown."""
    answer = Client(enforce_csrf_checks=True).post("/signin/", {})
    assert answer.status_code == 403
    assert "You do not have access" in answer.content.decode()


def test_a_broken_page_says_that_it_is_our_fault(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the cause is shown."""

    def break_down(*args: object) -> None:
        raise RuntimeError("the inner cause")

    monkeypatch.setattr(conversations, "page_of", break_down)
    visitor.raise_request_exception = False
    answer = visitor.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "inner cause" not in answer.content.decode()


def test_a_foreign_host_name_is_refused_in_plain_words(client: Client) -> None:
    """Somebody else's name for this server is not echoed."""
    answer = client.get("/signin/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "Bad request" in answer.content.decode()
    assert "evil" not in answer.content.decode()
