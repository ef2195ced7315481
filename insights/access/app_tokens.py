"""Exchange an app's secret or an account's password for tokens; refresh and revoke them. Failed attempts are limited.

While more than an hour of an app's token is left, every process returns the same one; then a new one. Clients that get a token with less
time call again at once, without end (they renew before its end with the same call). Earlier tokens stay valid until they expire.
"""

import time
from dataclasses import replace

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from insights import tokens
from insights.access.addresses import awaits_confirmation
from insights.access.apps import app_with_secret, create_app, has_current_password, note_use, password_mark
from insights.access.attempts import Attempt, password_check
from insights.access.second_factor import has_second_factor
from insights.database import write_transaction
from insights.models import App
from insights.tokens import Claims, InvalidToken, IssuedToken

LEAST_LEFT_S = 3600
"""Seconds that a token that is handed out is still valid for, at least."""
PASSWORD_APP = "Tokens by password"  # noqa: S105


class WrongCredentials(Exception):
    """No app has this pair of id and secret, or no account this name and password."""


class AddressNotConfirmed(Exception):
    """The account typed its e-mail address at sign-up and has not confirmed it, so that it may be the address of somebody else."""


class SecondFactorNeeded(Exception):
    """The account has a second factor, so that its password alone gets no token."""


def token_for(app_id: str, secret: str, address: str = "") -> IssuedToken:
    """Return the current token for an app's credentials, with a refresh token.

    `address` is the client's address; without it no limit applies. Raises WrongCredentials, and TooManyTries if a limit on failed
    attempts is reached (`insights.access.attempts`), even for the right secret.
    """
    return _current_token(_checked_app(app_id, secret, address))


def refreshed_token(app_id: str, secret: str, refresh_token: str, address: str = "") -> IssuedToken:
    """Return a new token although more than an hour of the current one may be left. Raises as `token_for`, and InvalidToken."""
    app = _checked_app(app_id, secret, address)
    claims = tokens.decode(refresh_token, "refresh")
    if (claims.app_id, claims.generation) != (app.app_id, app.token_generation):
        raise InvalidToken("The refreshToken is not valid.")
    return _current_token(app, renew=True)


def revoke_tokens(app_id: str, secret: str, address: str = "") -> None:
    """Revoke all access and refresh tokens of an app; its secret stays valid. Raises as `token_for`."""
    revoke_tokens_of(_checked_app(app_id, secret, address))


def revoke_tokens_of(app: App) -> None:
    """Revoke all access and refresh tokens of an app; its secret stays valid."""
    with write_transaction():
        _forget_tokens(App.objects.select_for_update().get(pk=app.pk))


def token_for_password(request: HttpRequest, username: str, password: str, address: str) -> IssuedToken:
    """Return a token that acts for an account, by its name and password, with the limits on guesses of sign-in.

    Raises WrongCredentials, AddressNotConfirmed, SecondFactorNeeded and TooManyTries. The token ends with the password, and can be revoked
    on the account page.
    """
    attempt = Attempt("signin", username.strip().lower(), address)
    with password_check(attempt):
        user = authenticate(request, username=username.strip().lower(), password=password) if "\x00" not in username else None
        if not isinstance(user, User):
            attempt.failed()
            raise WrongCredentials("Combination of username and password is not valid.")
    attempt.succeeded()
    if awaits_confirmation(user):
        raise AddressNotConfirmed("The e-mail address of this account is not confirmed: open the link that was sent to it first.")
    if has_second_factor(user):
        raise SecondFactorNeeded("This account has a second factor: create an app on its account page and use type application.")
    return replace(_current_token(_password_app(user)), refresh_token="")


def _checked_app(app_id: str, secret: str, address: str) -> App:
    attempt = Attempt("token", app_id, address) if address else None
    if attempt:
        attempt.check()
    app = app_with_secret(app_id, secret)
    if app is None:
        if attempt:
            attempt.failed()
        raise WrongCredentials("Combination of appId and appSecret is not valid.")
    if attempt:
        attempt.succeeded()
    if app.expires_at is not None and app.expires_at <= timezone.now():
        raise WrongCredentials("This app has expired.")
    return app


def _password_app(user: User) -> App:
    """Return the app that stands for an account's password; a changed password revokes its earlier tokens."""
    with write_transaction():
        User.objects.select_for_update().get(pk=user.pk)
        app = App.objects.filter(owner=user, revoked_at=None).exclude(password_mark="").first()
        if app is None:
            return create_app(user, PASSWORD_APP, password_mark=password_mark(user))[0]
        app.owner = user
        if not has_current_password(app):
            app.password_mark = password_mark(user)
            _forget_tokens(app, "password_mark")
        return app


def _current_token(app: App, *, renew: bool = False) -> IssuedToken:
    """Return the app's current token; store a new one if less than `LEAST_LEFT_S` of it is left, or to `renew` it."""
    if renew or not _has_time(app):
        with write_transaction():
            app = App.objects.select_for_update().get(pk=app.pk)
            if renew or not _has_time(app):  # another process may have renewed it meanwhile
                claims = tokens.new_claims(app.app_id, app.token_generation)
                app.token_id, app.token_issued_at, app.token_expires_at = claims.id, claims.issued_at, claims.expires_at
                app.last_used_at = timezone.now()
                app.save(update_fields=["token_id", "token_issued_at", "token_expires_at", "last_used_at"])
    else:
        note_use(app, timezone.now())
    access = Claims(app.app_id, app.token_id, app.token_issued_at, app.token_expires_at, app.token_generation)
    refresh = replace(access, expires_at=app.token_issued_at + tokens.REFRESH_S, use="refresh")
    return IssuedToken(tokens.encode(access), app.token_expires_at - max(app.token_issued_at, int(time.time())), tokens.encode(refresh))


def _has_time(app: App) -> bool:
    return bool(app.token_id) and app.token_expires_at - time.time() > LEAST_LEFT_S


def _forget_tokens(app: App, *changed: str) -> None:
    """Start the next generation of an app's tokens."""
    app.token_generation += 1
    app.token_id, app.token_issued_at, app.token_expires_at = "", 0, 0
    app.save(update_fields=["token_generation", "token_id", "token_issued_at", "token_expires_at", *changed])
