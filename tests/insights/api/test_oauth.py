"""POST /oauth2/token:generate."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import access

URL = "/oauth2/token:generate"


@pytest.fixture
def pair(owner: User) -> dict[str, str]:
    """Return valid credentials."""
    app, secret = access.create_app(owner, "test")
    return {"type": "application", "appId": app.app_id, "appSecret": secret}


def ask(body: object, **headers: str):  # type: ignore[no-untyped-def]
    """Return the response to a body: text is sent unchanged, everything else as JSON."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return Client().post(URL, text, content_type="application/json", headers=headers)


def test_valid_credentials_get_a_token(pair: dict[str, str], owner: User) -> None:
    """The token authenticates the app's owner for a day."""
    answer = ask(pair)
    assert answer.status_code == 200
    assert answer.json()["expiresIn"] == 86400
    assert access.user_of_token(answer.json()["accessToken"]) == owner


def test_the_type_may_be_left_out(pair: dict[str, str]) -> None:
    """The field `type` is optional, because there is one type only."""
    assert ask({"appId": pair["appId"], "appSecret": pair["appSecret"]}).status_code == 200


@pytest.mark.parametrize("change", [{"appSecret": "wrong"}, {"appId": "wrong"}, {"appId": "a\x00b"}])
def test_wrong_credentials_are_401(pair: dict[str, str], change: dict[str, str]) -> None:
    """A wrong id and a wrong secret get the same 401."""
    answer = ask({**pair, **change})
    assert answer.status_code == 401
    assert answer.json() == {"message": "Combination of appId and appSecret is not valid."}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("not json", "request body"),
        ("[" * 100_000, "request body"),
        (b"\xff\xfe\x00", "request body"),
        ([], "appId: Field required"),
        ({"type": "application", "appId": "\ud800", "appSecret": "b"}, "appId"),
        ({}, "appId"),
        ({"type": "password", "appId": "a", "appSecret": "b"}, "type: Input should be 'application'"),
        ({"type": "application", "appSecret": "b"}, "appId"),
        ({"type": "application", "appId": 7, "appSecret": "b"}, "appId"),
        ({"type": "application", "appId": "a", "appSecret": ""}, "appSecret"),
        ({"type": "application", "appId": "a" * 10_000, "appSecret": "b"}, "appId"),
    ],
)
def test_malformed_credentials_are_400_and_named(db: None, body: object, named: str) -> None:
    """Malformed credentials get 400 with the name of the field."""
    answer = ask(body)
    assert answer.status_code == 400
    assert named in answer.json()["message"]


def test_guessing_is_limited_by_address(pair: dict[str, str], settings) -> None:  # type: ignore[no-untyped-def]
    """An address with too many wrong tries in a minute gets 429 even with valid credentials; other addresses are not limited."""
    settings.TOKEN_TRIES_PER_MINUTE = 3
    for _ in range(3):
        assert ask({**pair, "appSecret": "guess"}).status_code == 401
    assert ask(pair).status_code == 429
    assert "3 wrong tries" in ask(pair).json()["message"]
    elsewhere = Client(REMOTE_ADDR="203.0.113.7").post(URL, json.dumps(pair), content_type="application/json")
    assert elsewhere.status_code == 200


def test_other_origins_may_send_credentials(pair: dict[str, str]) -> None:
    """CORS allows the preflight of a JSON POST, and lets the page read successful and failed responses."""
    preflight = Client().options(URL, headers={"Origin": "https://else.example", "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight["Access-Control-Allow-Methods"]
    assert "content-type" in preflight["Access-Control-Allow-Headers"].lower()
    for body in (pair, {}):
        answer = ask(body, Origin="https://else.example")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer


def test_get_is_not_allowed(db: None) -> None:
    """GET is refused, because credentials must not be in URLs."""
    assert Client().get(URL).status_code == 405
