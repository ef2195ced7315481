"""Single sign-on at an identity provider that answers over real connections."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights.access import addresses
from tests.http_server import Received, answer, http_server

CODE = "code-1"


@dataclass
class Provider:
    """An identity provider: what it says about the person, and what it was asked."""

    url: str = ""
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "1", "email": "ben@example.com", "email_verified": True, "name": "Ben Doe"}
    )
    challenge: str = ""
    refuses: bool = False

    def respond(self, request: Received, out: BinaryIO) -> None:
        """Answer discovery, the exchange of the code, and the question about the person."""
        path = request.line.split()[1]
        if path == "/.well-known/openid-configuration":
            made: dict[str, Any] = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "userinfo")}
            made |= {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        elif path == "/token":
            made = self._token(request)
        else:
            assert request.headers["authorization"] == "Bearer access"
            made = self.person
        answer(400 if "error" in made else 200, json.dumps(made).encode(), Content_Type="application/json")(request, out)

    def _token(self, request: Received) -> dict[str, Any]:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        client = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if self.refuses or (form["code"], verifier, client) != (CODE, self.challenge, "parley:a client secret"):
            return {"error": "invalid_grant"}
        claims = {**self.person, "iss": self.url, "aud": "parley", "iat": int(time.time()), "exp": int(time.time()) + 60}
        return {"access_token": "access", "token_type": "Bearer", "id_token": jwt.encode(claims, "k" * 32, "HS256")}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    """A running identity provider that the settings name."""
    made = Provider()
    with http_server(made.respond) as server:
        made.url = f"http://127.0.0.1:{server.port}"
        providers = deepcopy(settings.SOCIALACCOUNT_PROVIDERS)
        app = {"provider_id": "sso", "name": "Example ID", "client_id": "parley", "secret": "a client secret"}
        providers["openid_connect"]["APPS"] = [{**app, "settings": {"server_url": made.url, "token_auth_method": "client_secret_basic"}}]
        settings.SOCIALACCOUNT_PROVIDERS = providers
        settings.OIDC_URL, settings.OIDC_NAME = made.url, "Example ID"
        yield made


def sign_in(client: Client, provider: Provider, path: str = "/signin/sso/") -> str:
    """Sign in at the provider; return where the callback redirects to."""
    sent = urlsplit(client.get(path).headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(sent.query).items()}
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{provider.url}/authorization"
    assert (asked["client_id"], asked["redirect_uri"]) == ("parley", "http://testserver/signin/sso/callback/")
    assert asked["code_challenge_method"] == "S256"
    provider.challenge = asked["code_challenge"]
    return str(client.get("/signin/sso/callback/", {"code": CODE, "state": asked["state"]}).headers["Location"])


def test_a_first_sign_in_creates_an_account(client: Client, user: User, provider: Provider) -> None:
    """With the confirmed address and the name that the provider gives; the sign-in page names the provider."""
    assert "Continue with Example ID" in client.get("/signin/").content.decode()
    assert sign_in(client, provider, "/signin/sso/?next=/live/room/") == "/live/room/"
    ben = User.objects.get(username="ben@example.com")
    assert (ben.email, ben.get_full_name(), ben.has_usable_password()) == ("ben@example.com", "Ben Doe", False)
    assert not addresses.awaits_confirmation(ben)
    assert client.get("/").status_code == 200
    again = Client()
    assert sign_in(again, provider) == "/"
    assert again.get("/").status_code == 200
    assert User.objects.count() == 2


def test_an_existing_account_is_signed_in(client: Client, user: User, provider: Provider) -> None:
    """By its confirmed address."""
    addresses.confirm_address(user)
    provider.person["email"] = "jane@example.com"
    assert sign_in(client, provider) == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert User.objects.count() == 1


def test_an_unconfirmed_address_takes_over_no_account(client: Client, user: User, provider: Provider) -> None:
    """Whoever typed somebody's address at the provider does not get that account."""
    addresses.confirm_address(user)
    provider.person |= {"email": "jane@example.com", "email_verified": False}
    sign_in(client, provider)
    assert "_auth_user_id" not in client.session
    assert client.get("/").status_code == 302


def test_sign_up_can_be_off(client: Client, user: User, provider: Provider, settings: Any) -> None:
    """Then only existing accounts get in."""
    settings.OIDC_SIGN_UP = False
    sign_in_page = urlsplit(client.get("/signin/sso/").headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(sign_in_page.query).items()}
    provider.challenge = asked["code_challenge"]
    page = client.get("/signin/sso/callback/", {"code": CODE, "state": asked["state"]}, follow=True).content.decode()
    assert "by invitation" in page
    assert User.objects.count() == 1


def test_a_deactivated_account_stays_out(client: Client, user: User, provider: Provider) -> None:
    """The page says so."""
    sign_in(client, provider)
    User.objects.filter(username="ben@example.com").update(is_active=False)
    other = Client()
    assert sign_in(other, provider) == "/signin/inactive/"
    assert other.get("/").status_code == 302


def test_a_provider_that_refuses_or_is_away(client: Client, user: User, provider: Provider, settings: Any) -> None:
    """A page says that it failed, and nobody is signed in."""
    provider.refuses = True
    asked = parse_qs(urlsplit(client.get("/signin/sso/").headers["Location"]).query)
    refused = client.get("/signin/sso/callback/", {"code": CODE, "state": asked["state"][0]}, follow=True)
    assert "Single sign-on failed" in refused.content.decode()
    forged = client.get("/signin/sso/callback/", {"code": CODE, "state": "made up"}, follow=True)
    assert "Single sign-on failed" in forged.content.decode()
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = "http://127.0.0.1:1"
    away = Client().get("/signin/sso/", follow=True)
    assert "Single sign-on failed" in away.content.decode()
    assert client.get("/").status_code == 302
