"""Whether the database takes what is written."""

import secrets

from django.contrib.sessions.models import Session
from django.utils import timezone

from insights.database import connection_closed_after, writing
from insights.models import LiveSession


@connection_closed_after
def check_database() -> None:
    """Write a row, remove it and commit; raises a database error where that fails, and where the tables are missing.

    A rolled-back write does not reach SQLite's file, so a full disk would go unnoticed. The row has a key of its own, so processes that
    check at once do not wait for each other's row.
    """
    LiveSession.objects.exists()
    key = f"readyz-{secrets.token_hex(8)}"
    with writing():
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now())
        Session.objects.filter(session_key=key).delete()
