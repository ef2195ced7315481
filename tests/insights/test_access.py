"""Apps, tokens, and access to conversations."""

import base64
import json
import re
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from insights import access, tokens
from insights.models import App, Conversation
from insights.recorder import Joined
from tests.insights.conftest import user_of_token


def test_secrets_have_the_lengths_that_browsers_check(owner: User) -> None:
    """The id has 64 and the secret 128 letters and digits, and the secret itself is not stored."""
    app, secret = access.create_app(owner, "test")
    assert re.fullmatch("[0-9a-zA-Z]{64}", app.app_id)
    assert re.fullmatch("[0-9a-zA-Z]{128}", secret)
    assert secret not in str(App.objects.values().get())


def test_a_token_authenticates_the_owner(owner: User) -> None:
    """Credentials get a token, and the token gives the user."""
    app, secret = access.create_app(owner, "test")
    token = access.token_for(app.app_id, secret)
    assert token.expires_in == settings.TOKEN_HOURS * 3600
    assert user_of_token(token.access_token) == owner


def test_claims(owner: User) -> None:
    """A token has issuer, app, issue time, expiry and its own id."""
    app, secret = access.create_app(owner, "test")
    claims = jwt.decode(access.token_for(app.app_id, secret).access_token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "sub", "iat", "exp", "jti"}
    assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("parley", app.app_id, 86400)


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=64, max_size=64))
def test_browsers_can_read_the_payload(app_id: str) -> None:
    """The payload of every app's token contains neither - nor _, so that atob() accepts it."""
    payload = tokens.encode(tokens.new_claims(app_id, 3)).split(".")[1]
    assert not set("-_") & set(payload)
    assert json.loads(base64.b64decode(payload + "=" * (-len(payload) % 4)))["sub"] == app_id


def test_a_payload_that_browsers_cannot_read_is_not_issued() -> None:
    """An app id that would need - or _ is refused."""
    with pytest.raises(ValueError, match="app_id"):
        tokens.encode(tokens.new_claims("?" * 64 + "~~~>>>???"))


def token_with(claims: dict[str, object], key: bytes | None = None, algorithm: str = "HS256") -> str:
    """Return a token with changed claims."""
    good = {"iss": "parley", "sub": "x", "iat": 1_700_000_000, "exp": 4_000_000_000}
    return jwt.encode({**good, **claims}, key or tokens._key(), algorithm)


@pytest.mark.parametrize("claims", [{"exp": 1_700_000_001}, {"iss": "else"}, {"iat": 3_999_999_999}, {"exp": "soon"}, {"sub": 7}])
def test_invalid_tokens_are_refused(owner: User, claims: dict[str, object]) -> None:
    """Expired, foreign, future and malformed tokens give no user."""
    app, _ = access.create_app(owner, "test")
    assert user_of_token(token_with({"sub": app.app_id})) == owner
    assert user_of_token(token_with({"sub": app.app_id, **claims})) is None


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ä.ö.ü", "\x00", "." * 9999, "e30.e30."])
def test_text_that_is_no_token_is_refused(db: None, text: str) -> None:
    """Text that is no token gives no user."""
    assert user_of_token(text) is None


def test_tokens_of_other_keys_are_refused(owner: User) -> None:
    """A token signed with another key, with the site's secret key or not at all is refused."""
    app, _ = access.create_app(owner, "test")
    assert user_of_token(token_with({"sub": app.app_id}, b"k" * 32)) is None
    assert user_of_token(token_with({"sub": app.app_id}, settings.SECRET_KEY.encode())) is None
    unsigned = jwt.encode({"iss": "parley", "sub": app.app_id, "iat": 1, "exp": 4_000_000_000}, None, "none")  # type: ignore[arg-type]
    assert user_of_token(unsigned) is None


def test_revoking_and_disabling_take_effect_at_once(owner: User) -> None:
    """A revoked app and a disabled user get no token, and their existing tokens are refused."""
    app, secret = access.create_app(owner, "test")
    token = access.token_for(app.app_id, secret).access_token
    User.objects.update(is_active=False)
    assert user_of_token(token) is None
    with pytest.raises(access.WrongCredentials):
        access.token_for(app.app_id, secret)
    User.objects.update(is_active=True)
    App.objects.update(revoked_at=app.created_at)
    assert user_of_token(token) is None
    with pytest.raises(access.WrongCredentials):
        access.token_for(app.app_id, secret)


def test_valid_credentials_are_not_counted(owner: User, settings) -> None:  # type: ignore[no-untyped-def]
    """Only failed attempts count against an address."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    app, secret = access.create_app(owner, "test")
    for _ in range(5):
        access.token_for(app.app_id, secret, "203.0.113.1")
    for _ in range(2):
        with pytest.raises(access.WrongCredentials):
            access.token_for(app.app_id, "guess", "203.0.113.1")
    with pytest.raises(access.TooManyTries, match="At most 2"):
        access.token_for(app.app_id, secret, "203.0.113.1")
    assert access.token_for(app.app_id, secret, "203.0.113.2")


def test_wrong_secrets_do_not_limit_other_apps(owner: User, settings) -> None:  # type: ignore[no-untyped-def]
    """Failed attempts for one app, or for none, do not limit another app behind the same proxy address."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    app, secret = access.create_app(owner, "test")
    other, _ = access.create_app(owner, "other")
    for app_id in (other.app_id, "nonsense", other.app_id, "nonsense"):
        with pytest.raises(access.WrongCredentials):
            access.token_for(app_id, "guess", "203.0.113.1")
    assert access.token_for(app.app_id, secret, "203.0.113.1")


def test_expired_sign_ins_are_removed(db: None) -> None:
    """Sign-ins are removed a day after they expire, oldest first, up to a limit; valid ones stay."""
    now = timezone.now()
    ages = {"new": timedelta(days=-14), "ended just now": timedelta(hours=23), "old": timedelta(hours=25), "older": timedelta(days=50)}
    for key, age in ages.items():
        Session.objects.create(session_key=key, session_data="", expire_date=now - age)
    assert access.forget_sign_ins(now, 1) == 1
    assert set(Session.objects.values_list("pk", flat=True)) == {"new", "ended just now", "old"}
    assert access.forget_sign_ins(now) == 1
    assert access.forget_sign_ins(now) == 0
    assert set(Session.objects.values_list("pk", flat=True)) == {"new", "ended just now"}


def test_only_the_owner_may_read(joined: Joined, owner: User, other_owner: User) -> None:
    """The owner may read; other users may not, and staff only in the admin."""
    conversation = Conversation.objects.get()
    staff = User(username="staff", is_staff=True, is_superuser=True)
    assert access.may_see(owner, conversation)
    assert not any(access.may_see(user, conversation) for user in (other_owner, staff, AnonymousUser(), None))
    owner.is_active = False
    assert not access.may_see(owner, conversation)
