"""Apps, their secrets and tokens, with a limit on failed attempts.

A secret is 128 random characters, about 760 bits, so its SHA-256 cannot be reversed by search; a slow password hash would add cost
and no security.
"""

import hashlib
import hmac
import secrets
import string

from django.contrib.auth.models import User
from django.utils import timezone

from insights import tokens
from insights.access.attempts import Attempt
from insights.models import App
from insights.names import clean_name
from insights.tokens import InvalidToken, Token

_ALPHABET = string.ascii_letters + string.digits
_APP_ID, _SECRET = 64, 128  # the browsers' SDK checks these lengths


class WrongCredentials(Exception):
    """No app has this pair of id and secret."""


def create_app(user: User, name: str) -> tuple[App, str]:
    """Create an app that acts as a user; return it with its secret. Only the secret's hash is stored."""
    secret = _random(_SECRET)
    app = App.objects.create(owner=user, name=clean_name(name, 200) or "app", app_id=_random(_APP_ID), secret_hash=_hash(secret))
    return app, secret


def apps_of(user: User) -> list[App]:
    """Return the user's apps that are not revoked, newest first."""
    return list(App.objects.filter(owner=user, revoked_at=None).order_by("-created_at", "-pk"))


def revoke_app(user: User, app_pk: int) -> bool:
    """Revoke the secret and all tokens of a user's own app; return False if the user has no such app that is not revoked."""
    return App.objects.filter(pk=app_pk, owner=user, revoked_at=None).update(revoked_at=timezone.now()) > 0


def token_for(app_id: str, secret: str, address: str = "") -> Token:
    """Return a new token for an app's credentials.

    `address` is the client's address; without it no limit applies. Raises WrongCredentials, and TooManyTries if a limit on failed
    attempts is reached (`insights.access.attempts`), even for the right secret.
    """
    attempt = Attempt("token", app_id, address) if address else None
    if attempt:
        attempt.check()
    app = (
        App.objects.filter(app_id=app_id, revoked_at=None, owner__is_active=True).first() if app_id.isascii() and app_id.isalnum() else None
    )
    # Compared even without an app, so that the time taken does not reveal whether the app exists.
    if not hmac.compare_digest(app.secret_hash if app else _hash(""), _hash(secret)) or app is None:
        if attempt:
            attempt.failed()
        raise WrongCredentials("Combination of appId and appSecret is not valid.")
    if attempt:
        attempt.succeeded()
    return tokens.issue(app.app_id)


def app_of_token(token: str) -> App | None:
    """Return the app of a token, with its owner; None if the token is invalid, the app is revoked or the owner is disabled."""
    try:
        app_id = tokens.app_id_of(token)
    except InvalidToken:
        return None
    return App.objects.select_related("owner").filter(app_id=app_id, revoked_at=None, owner__is_active=True).first()


def user_of_token(token: str) -> User | None:
    """Return the user that a token acts for; None if `app_of_token` finds no app."""
    app = app_of_token(token)
    return app.owner if app else None


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
