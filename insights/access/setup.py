"""The first account of an installation and the set-up token that allows creating it.

While there is neither an account nor an app, the holder of a set-up token can create an administrator at `/welcome/`. The token is
signed with SECRET_KEY, so every process accepts it and none stores it. It expires after `TOKEN_S` seconds, and is useless once an
account or an app exists.
"""

import secrets
from urllib.parse import quote

from django.contrib.auth.models import User
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db import connection, transaction

from insights.access.accounts import make_administrator
from insights.models import App
from insights.names import clean_name

TOKEN_S = 24 * 3600
PATH = "/welcome/"


class SetupClosed(Exception):
    """An account or an app exists already."""


class WrongSetupToken(Exception):
    """The set-up token was not made by this installation."""


class ExpiredSetupToken(Exception):
    """The set-up token is older than `TOKEN_S`."""


def setup_is_open() -> bool:
    """Return whether the installation has neither an account nor an app."""
    return not (User.objects.exists() or App.objects.exists())


def setup_link(site: str) -> str:
    """Return the URL, with a new token, of the page that creates the first account. `site`: for example http://127.0.0.1:8000."""
    return f"{site.rstrip('/')}{PATH}?token={quote(_signer().sign(secrets.token_urlsafe(16)))}"


def check_setup_token(token: str) -> None:
    """Raise WrongSetupToken or ExpiredSetupToken if the token is not valid. The signature is compared in constant time."""
    try:
        _signer().unsign(token, max_age=TOKEN_S)
    except SignatureExpired:
        raise ExpiredSetupToken from None
    except BadSignature:
        raise WrongSetupToken from None


def create_first_account(name: str, email: str, password: str) -> User:
    """Create the first account, an administrator. Raises SetupClosed; of two concurrent requests only one succeeds.

    SQLite's transactions are serial from their first statement (see the settings). On PostgreSQL the table is locked against other
    writers until the transaction ends.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {User._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        if not setup_is_open():
            raise SetupClosed
        user = User(username=email, email=email, first_name=clean_name(name, 150))
        make_administrator(user, password)
        return user


def _signer() -> TimestampSigner:
    return TimestampSigner(sep=".", salt="insights.access.setup")
