"""Apps and their secrets, and the app of a token.

A secret is 128 random characters, about 760 bits, so its SHA-256 cannot be reversed by search; a slow password hash would add cost
and no security. `insights.access.app_tokens` exchanges secrets for tokens.
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q
from django.utils import timezone

from insights import tokens
from insights.access.scopes import EVERY_SCOPE, join_scopes
from insights.compiled_query import CompiledQuery
from insights.database import DATABASE_UNREACHABLE, write_transaction
from insights.models import App
from insights.names import clean_name
from insights.tokens import InvalidToken

_ALPHABET = string.ascii_letters + string.digits
_APP_ID, _SECRET = 64, 128  # the browsers' SDK checks these lengths
USE_ACCURACY = timedelta(minutes=10)
"""How old `App.last_used_at` gets before a use changes it."""


def create_app(
    user: User, name: str, scopes: frozenset[str] = EVERY_SCOPE, expires_at: datetime | None = None, *, password_mark: str = ""
) -> tuple[App, str]:
    """Create an app that acts as a user; return it with its secret. Only the secret's hash is stored.

    Raises ValueError for no or unknown scopes.
    """
    secret = _random(_SECRET)
    app = App.objects.create(
        owner=user,
        name=clean_name(name, 200) or "app",
        app_id=_random(_APP_ID),
        secret_hash=hash_of(secret),
        scopes=join_scopes(scopes),
        expires_at=expires_at,
        password_mark=password_mark,
    )
    return app, secret


def apps_of(user: User) -> list[App]:
    """Return the user's apps that are not revoked, newest first."""
    return list(App.objects.filter(owner=user, revoked_at=None).order_by("-created_at", "-pk"))


def app_of(user: User, app_pk: int) -> App | None:
    """Return a user's own app with a secret that is not revoked."""
    return App.objects.filter(pk=app_pk, owner=user, revoked_at=None, password_mark="").first()


def change_app(app: App, name: str, scopes: frozenset[str], expires_at: datetime | None) -> None:
    """Change an app. Its tokens have the new scopes at once; connections that were opened with a scope that it loses end.

    Raises ValueError for no or unknown scopes.
    """
    changed = {"name": clean_name(name, 200) or "app", "scopes": join_scopes(scopes), "expires_at": expires_at}
    with write_transaction():
        App.objects.filter(pk=app.pk).update(**changed)


def revoke_app(user: User, app_pk: int) -> bool:
    """Revoke the secret and all tokens of a user's own app; return False if the user has no such app that is not revoked."""
    return App.objects.filter(pk=app_pk, owner=user, revoked_at=None).update(revoked_at=timezone.now()) > 0


def app_with_secret(app_id: str, secret: str) -> App | None:
    """Return the app with this id and secret that is not revoked, although it may have expired."""
    known = App.objects.filter(app_id=app_id, revoked_at=None, owner__is_active=True, password_mark="")
    app = known.select_related("owner").first() if app_id.isascii() and app_id.isalnum() else None
    # Compared even without an app, so that the time taken does not reveal whether the app exists.
    return app if hmac.compare_digest(app.secret_hash if app else hash_of(""), hash_of(secret)) and app is not None else None


def usable(now: datetime) -> Q:
    """Return the condition for apps whose tokens are accepted, but for `has_current_password`."""
    return Q(revoked_at=None, owner__is_active=True) & (Q(expires_at=None) | Q(expires_at__gt=now))


def _is_usable(app: App, now: datetime) -> bool:
    """Return whether an app that was read meets the condition of `usable`."""
    return app.revoked_at is None and app.owner.is_active and (app.expires_at is None or app.expires_at > now)


def has_current_password(app: App) -> bool:
    """Return False for an app that stands for an earlier password of its owner."""
    return not app.password_mark or hmac.compare_digest(app.password_mark, password_mark(app.owner))


def password_mark(user: User) -> str:
    """Return a text that changes with the password, and does not reveal it."""
    return hash_of(user.get_session_auth_hash())


def app_of_token(token: str) -> App | None:
    """Return the app of a token, with its owner; None if the token is invalid or revoked, or its app or owner may not be used."""
    try:
        claims = tokens.decode(token)
    except InvalidToken:
        return None
    now = timezone.now()
    for app in _with_id(claims.app_id):
        if app.token_generation == claims.generation and _is_usable(app, now) and has_current_password(app):
            break
    else:
        return None
    note_use(app, now)
    return app


_APP_FIELDS, _OWNER_FIELDS = ([field.attname for field in model._meta.concrete_fields] for model in (App, User))
_WITH_ID = CompiledQuery(
    lambda app_id: App.objects.filter(app_id=app_id).order_by().values_list(*_APP_FIELDS, *(f"owner__{name}" for name in _OWNER_FIELDS))
)


def _with_id(app_id: str) -> Iterator[App]:
    """Yield the app with this id, with its owner. One query."""
    for row in _WITH_ID.rows(app_id):
        app = App.from_db(DEFAULT_DB_ALIAS, _APP_FIELDS, row[: len(_APP_FIELDS)])
        app.owner = User.from_db(DEFAULT_DB_ALIAS, _OWNER_FIELDS, row[len(_APP_FIELDS) :])
        yield app


def note_use(app: App, now: datetime) -> None:
    """Store that the app was used, at most once in `USE_ACCURACY`; do nothing while the database cannot be written."""
    if app.last_used_at is None or now - app.last_used_at >= USE_ACCURACY:
        with suppress(*DATABASE_UNREACHABLE), write_transaction():
            App.objects.filter(pk=app.pk).update(last_used_at=now)


def hash_of(secret: str) -> str:
    """Return the stored form of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
