"""/oauth2/token:generate, token:refresh and token:revoke."""

import json
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from insights import access
from insights.models import App
from tests.insights.conftest import user_of_token

URL = "/oauth2/token:generate"
PASSWORD = "correct horse battery"


@pytest.fixture
def pair(owner: User) -> dict[str, str]:
    """Return valid credentials."""
    app, secret = access.create_app(owner, "test")
    return {"type": "application", "appId": app.app_id, "appSecret": secret}


def ask(body: object, path: str = "generate", **headers: str):  # type: ignore[no-untyped-def]
    """Return the response to a body: text is sent unchanged, everything else as JSON."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    method = "DELETE" if path == "revoke" else "POST"
    return Client().generic(method, f"/oauth2/token:{path}", text, content_type="application/json", headers=headers)


def test_valid_credentials_get_a_token(pair: dict[str, str], owner: User) -> None:
    """The token authenticates the app's owner for a day."""
    answer = ask(pair)
    assert answer.status_code == 200
    assert answer.json()["expiresIn"] == 86400
    assert user_of_token(answer.json()["accessToken"]) == owner


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
        ({"type": "password", "appId": "a", "appSecret": "b"}, "username: Field required for the type password"),
        ({"type": "other", "appId": "a", "appSecret": "b"}, "type: Input should be 'application' or 'password'"),
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


def test_the_same_token_while_an_hour_is_left(pair: dict[str, str]) -> None:
    """While more than an hour of it is left, the same token is returned with the remaining seconds; then a new one. Both work."""
    first = ask(pair).json()
    App.objects.update(token_issued_at=F("token_issued_at") - 7200, token_expires_at=F("token_expires_at") - 7200)
    moved = ask(pair).json()
    assert ask(pair).json()["accessToken"] == moved["accessToken"] != first["accessToken"]
    assert 79_100 < moved["expiresIn"] <= 79_200
    App.objects.update(token_expires_at=int(time.time()) + 3590)
    renewed = ask(pair).json()
    assert renewed["accessToken"] not in (first["accessToken"], moved["accessToken"])
    assert renewed["expiresIn"] == 86400
    assert all(user_of_token(one["accessToken"]) for one in (first, moved, renewed))


def test_refresh_gives_a_new_token(pair: dict[str, str], owner: User) -> None:
    """The refresh token, under both names, gets a new access token at once; the former one stays valid."""
    first = ask(pair).json()
    assert first["refreshToken"] == first["refershToken"]
    answer = ask({**pair, "refreshToken": first["refreshToken"]}, path="refresh")
    assert answer.status_code == 200
    second = answer.json()
    assert second["accessToken"] != first["accessToken"]
    assert second["expiresIn"] == 86400
    assert ask(pair).json()["accessToken"] == second["accessToken"]
    assert user_of_token(first["accessToken"]) == user_of_token(second["accessToken"]) == owner
    assert user_of_token(first["refreshToken"]) is None, "a refresh token gives no access"


def test_refresh_needs_the_secret_and_a_refresh_token_of_the_app(pair: dict[str, str], owner: User) -> None:
    """A wrong secret, an access token and another app's refresh token get 401, a missing field 400."""
    first = ask(pair).json()
    other, secret = access.create_app(owner, "other")
    theirs = access.token_for(other.app_id, secret).refresh_token
    for change in ({"refreshToken": first["accessToken"]}, {"refreshToken": theirs}, {"appSecret": "x"}, {"refreshToken": "x"}):
        answer = ask({**pair, "refreshToken": first["refreshToken"], **change}, path="refresh")
        assert (answer.status_code, "message" in answer.json()) == (401, True)
    assert "refreshToken" in ask(pair, path="refresh").json()["message"]


def test_revoke_ends_all_tokens_but_not_the_secret(pair: dict[str, str], owner: User) -> None:
    """Access and refresh tokens are refused from then on, also for open connections; the next call of generate works."""
    first = ask(pair).json()
    held = access.grant_for_token(first["accessToken"])
    assert held is not None
    assert ask({**pair, "appSecret": "x"}, path="revoke").status_code == 401
    assert access.valid_grants([held]) == {held}
    assert ask(pair, path="revoke").status_code == 200
    assert access.valid_grants([held]) == set()
    assert user_of_token(first["accessToken"]) is None
    assert ask({**pair, "refreshToken": first["refreshToken"]}, path="refresh").status_code == 401
    again = ask(pair).json()["accessToken"]
    assert again != first["accessToken"]
    assert user_of_token(again) == owner


def test_an_expired_app_gets_no_token(pair: dict[str, str]) -> None:
    """From its expiry on, an app's secret and tokens are refused and its connections end; the answer to the right secret says why."""
    token = ask(pair).json()["accessToken"]
    held = access.grant_for_token(token)
    assert held is not None
    App.objects.update(expires_at=timezone.now())
    assert (ask(pair).status_code, ask(pair).json()) == (401, {"message": "This app has expired."})
    assert "expired" not in ask({**pair, "appSecret": "x"}).json()["message"]
    assert user_of_token(token) is None
    assert access.valid_grants([held]) == set()


def test_a_password_gets_a_token(user: User) -> None:
    """Name and password of an account get a token with all scopes, the same one again, without a refresh token."""
    body = {"type": "password", "username": " Jane@example.com", "password": PASSWORD}
    answer = ask(body)
    assert answer.status_code == 200
    assert answer.json().keys() == {"accessToken", "expiresIn"}
    assert user_of_token(answer.json()["accessToken"]) == user
    assert ask(body).json()["accessToken"] == answer.json()["accessToken"]
    (app,) = access.apps_of(user)
    assert access.revoke_app(user, app.pk)
    assert user_of_token(answer.json()["accessToken"]) is None
    assert user_of_token(ask(body).json()["accessToken"]) == user


def test_a_new_password_ends_the_tokens_of_the_old_one(user: User) -> None:
    """After a change of the password, tokens and connections that the old one got are refused."""
    token = ask({"type": "password", "username": "jane@example.com", "password": PASSWORD}).json()["accessToken"]
    held = access.grant_for_token(token)
    assert held is not None
    assert access.valid_grants([held]) == {held}
    user.set_password("wrong mule accumulator")
    user.save()
    assert user_of_token(token) is None
    assert access.valid_grants([held]) == set()
    renewed = ask({"type": "password", "username": "jane@example.com", "password": "wrong mule accumulator"}).json()["accessToken"]
    assert user_of_token(renewed) == user
    assert user_of_token(token) is None


def test_guesses_of_passwords_are_limited_as_in_sign_in(user: User, settings) -> None:  # type: ignore[no-untyped-def]
    """Wrong passwords get 401, too many 429, which also counts for the sign-in page."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    body = {"type": "password", "username": "jane@example.com", "password": "guess"}
    assert [ask(body).status_code for _ in range(3)] == [401, 401, 429]
    assert ask({**body, "password": PASSWORD}).status_code == 429
    page = Client().post("/signin/", {"username": "jane@example.com", "password": PASSWORD})
    assert page.status_code == 429
    assert ask({"type": "password", "username": "no\x00body", "password": "x"}).status_code == 401


def test_accounts_with_a_second_factor_get_no_token_by_password(user: User) -> None:
    """The right password gets 403 with what to do, a wrong one 401 as always."""
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    body = {"type": "password", "username": "jane@example.com", "password": PASSWORD}
    answer = ask(body)
    assert answer.status_code == 403
    assert "second factor" in answer.json()["message"]
    assert ask({**body, "password": "guess"}).status_code == 401


def test_an_account_with_an_unconfirmed_address_gets_no_token_by_password(user: User) -> None:
    """Whoever signs up with the address of somebody else gets none before the link in the mail was opened."""
    row = EmailAddress.objects.create(user=user, email="jane@example.com", primary=True, verified=False)
    body = {"type": "password", "username": "jane@example.com", "password": PASSWORD}
    answer = ask(body)
    assert answer.status_code == 403
    assert "not confirmed" in answer.json()["message"]
    assert ask({**body, "password": "guess"}).status_code == 401
    EmailAddress.objects.filter(pk=row.pk).update(verified=True)
    assert ask(body).status_code == 200
