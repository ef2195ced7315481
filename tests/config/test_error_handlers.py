"""What is answered where no route could: JSON to programs, pages to people."""

import pytest
from django.test import Client

from insights import access

URL = "/oauth2/token:generate"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/conversations/1/nothing", "/oauth2/nothing"])
def test_an_unknown_call_is_told_in_json(client: Client, path: str) -> None:
    """With the place where all calls are listed; pages of other origins may read it."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert "/api/docs" in answer.json()["message"]
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_body_that_is_too_large_is_told_in_json(client: Client, db: None) -> None:
    """It names the part and what is allowed."""
    answer = client.post(URL, "x" * 2_700_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json() == {"message": "body: at most 2621440 bytes are allowed"}


def test_a_foreign_host_name_is_told_in_json(client: Client) -> None:
    """The name is not echoed."""
    answer = client.post(URL, {}, content_type="application/json", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json() == {"message": "Bad request."}


def test_a_method_that_is_not_allowed_is_told_in_json(client: Client) -> None:
    """It names those that are."""
    answer = client.get(URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer.json() == {"message": "Allowed here: POST."}


def test_a_broken_call_is_told_in_json(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the cause is shown."""

    def break_down(*args: object) -> None:
        raise RuntimeError("the inner cause")

    monkeypatch.setattr(access, "token_for", break_down)
    client.raise_request_exception = False
    answer = client.post(URL, {"type": "application", "appId": "a", "appSecret": "b"}, content_type="application/json")
    assert answer.status_code == 500
    assert answer.json() == {"message": "Internal server error. Details are in the server's log."}
