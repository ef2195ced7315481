"""Second factors: the password is asked for first, wrong codes are limited, and nothing is reached between the two steps."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User
from django.test import Client

from insights import access

PASSWORD = "correct horse battery"
SIGN_IN = {"username": "jane@example.com", "password": PASSWORD}


@pytest.fixture
def secret(user: User) -> str:
    """Give the user an authenticator app, and return its key."""
    made: str = generate_totp_secret()
    TOTP.activate(user, made)
    return made


def code_of(secret: str) -> str:
    """Return the present code of a key."""
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def test_sign_in_needs_the_code(client: Client, secret: str) -> None:
    """After the password no page is open yet; the right code opens the requested page."""
    assert client.post("/signin/", {**SIGN_IN, "next": "/live/room/"}).headers["Location"] == "/signin/second-step/"
    assert client.get("/").status_code == 302
    assert client.get("/account/security/").status_code == 302
    assert "Wrong code." in client.post("/signin/second-step/", {"code": "000000"}).content.decode()
    assert client.post("/signin/second-step/", {"code": code_of(secret)}).headers["Location"] == "/live/room/"
    assert client.get("/").status_code == 200


def test_wrong_codes_are_limited(client: Client, secret: str) -> None:
    """After ten wrong codes the right one is refused."""
    client.post("/signin/", SIGN_IN)
    statuses = [client.post("/signin/second-step/", {"code": "000000"}).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    answer = client.post("/signin/second-step/", {"code": code_of(secret)})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_the_second_step_needs_the_first(client: Client, secret: str) -> None:
    """A right code alone signs nobody in."""
    assert client.post("/signin/second-step/", {"code": code_of(secret)}).headers["Location"] == "/signin/"


def test_the_page_for_sign_in_drops_the_second_step(client: Client, secret: str) -> None:
    """Somebody who goes back to the page for sign-in starts anew: the code of before signs nobody in."""
    client.post("/signin/", SIGN_IN)
    assert client.get("/signin/").status_code == 200
    assert client.post("/signin/second-step/", {"code": code_of(secret)}).headers["Location"] == "/signin/"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["authenticator/", "passkeys/add/"])
def test_changes_ask_for_the_password(user_client: Client, path: str) -> None:
    """A browser that was left signed in cannot add a second factor; guesses of the password are limited."""
    page = f"/account/security/{path}"
    form = user_client.get(page).headers["Location"]
    assert form.startswith("/account/confirm/?next=")
    assert "Wrong password." in user_client.post(form, {"password": "guess"}).content.decode()
    assert user_client.post(form, {"password": PASSWORD}).status_code == 302
    assert user_client.get(page).status_code == 200


def test_guesses_before_a_change_are_limited(user_client: Client, settings: Any) -> None:
    """As those on the password form."""
    settings.TOKEN_TRIES_PER_MINUTE = 2
    statuses = [user_client.post("/account/confirm/", {"password": word}).status_code for word in ("a", "b", PASSWORD)]
    assert statuses == [200, 200, 429]


def test_a_passkey_of_somebody_else(user: User, other_client: Client) -> None:
    """It can be neither renamed nor removed."""
    key = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    other_client.post("/account/confirm/", {"password": PASSWORD})
    for path in (f"/account/security/passkeys/{key.pk}/", f"/account/security/passkeys/{key.pk}/remove/"):
        assert other_client.get(path).status_code == 404
        assert other_client.post(path, {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data == {"name": "Phone"}


def test_keys_are_not_readable_in_the_database(client: Client, user: User, secret: str) -> None:
    """Neither the key of the app nor the seed of the recovery codes; both still sign in."""
    RecoveryCodes.activate(user)
    app, codes = Authenticator.objects.order_by("pk")
    assert secret not in str(app.data)
    assert app.data["secret"].startswith("encrypted:")
    assert codes.data["seed"].startswith("encrypted:")
    code = codes.wrap().get_unused_codes()[0]
    for one in (code_of(secret), code):
        client.post("/signin/", SIGN_IN)
        assert client.post("/signin/second-step/", {"code": one}).headers["Location"] == "/"
        client.post("/signout/")


def test_a_new_key_of_the_server(client: Client, user: User, secret: str, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Codes are refused with the reason, and the person can replace the recovery codes after another way to sign in."""
    RecoveryCodes.activate(user)
    settings.SECRET_KEY = "k" * 50
    client.post("/signin/", SIGN_IN)
    answer = client.post("/signin/second-step/", {"code": code_of(secret)})
    assert "the key of this server has changed" in answer.content.decode()
    assert "another SECRET_KEY" in caplog.text
    client.force_login(user)
    assert "No longer work" in client.get("/account/security/").content.decode()
    client.post("/account/confirm/", {"password": PASSWORD})
    for path in ("", "download/"):
        assert client.get(f"/account/security/recovery-codes/{path}").headers["Location"] == "/account/security/recovery-codes/new/"
    assert "Replace them" in client.get("/account/security/recovery-codes/new/").content.decode()
    client.post("/account/security/recovery-codes/new/")
    assert "10 left" in client.get("/account/security/").content.decode()


def test_an_administrator_removes_lost_factors(client: Client, user: User, other_user: User, secret: str) -> None:
    """Afterwards the password alone signs in."""
    access.make_administrator(other_user)
    client.force_login(other_user)
    client.post(f"/people/{user.pk}/second-factors/")
    assert not access.has_second_factor(user)
    assert Client().post("/signin/", SIGN_IN).headers["Location"] == "/"
