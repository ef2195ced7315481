"""The readiness check of the database: a committed write."""

import secrets

from django.contrib.sessions.models import Session
from django.utils import timezone

from insights.database import connection_closed_after, write_transaction
from insights.models import LiveSession


@connection_closed_after
def check_database() -> None:
    """Write a row, remove it and commit. Raises a database error if that fails or a table is missing.

    The write is committed because a rolled-back write does not reach SQLite's file, so a full disk would go unnoticed. The row's key is
    random, so concurrent checks of several processes do not wait for each other.
    """
    LiveSession.objects.exists()
    key = f"readyz-{secrets.token_hex(8)}"
    with write_transaction():
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now())
        Session.objects.filter(session_key=key).delete()
