"""Responses outside of views: JSON for programs, pages for browsers."""

import pytest
from django.test import Client

from insights import access

URL = "/oauth2/token:generate"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/conversations/1/nothing", "/oauth2/nothing"])
def test_an_unknown_route_gets_json(client: Client, path: str) -> None:
    """The JSON has the URL of the documentation, and CORS allows other origins to read it."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert "/api/docs" in answer.json()["message"]
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_too_large_a_body_gets_json(client: Client, db: None) -> None:
    """The JSON names the part and the limit."""
    answer = client.post(URL, "x" * 2_700_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json() == {"message": "body: at most 2621440 bytes are allowed"}


def test_a_foreign_host_name_gets_json(client: Client) -> None:
    """The JSON names the setting, and does not repeat the name of the host."""
    answer = client.post(URL, {}, content_type="application/json", headers={"host": "evil.example"})
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert "ALLOWED_HOSTS" in message
    assert "evil.example" not in message


def test_a_method_that_is_not_allowed_gets_json(client: Client) -> None:
    """The JSON names the allowed methods."""
    answer = client.get(URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer.json() == {"message": "Allowed here: POST."}


def test_an_exception_gets_json(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The JSON has nothing of the exception."""

    def raise_error(*args: object) -> None:
        raise RuntimeError("the inner cause")

    monkeypatch.setattr(access, "token_for", raise_error)
    client.raise_request_exception = False
    answer = client.post(URL, {"type": "application", "appId": "a", "appSecret": "b"}, content_type="application/json")
    assert answer.status_code == 500
    assert answer.json() == {"message": "Internal server error. Details are in the server's log."}
