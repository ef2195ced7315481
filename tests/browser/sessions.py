"""Sign-ins without the form, which takes a second of CPU: sessions that are made in `manage.py shell` and kept in the data directory."""

from pathlib import Path
from typing import Any

from tests.servers import Server

FOLDER = "sessions"


def keep_session(username: str) -> None:
    """Make a session of an account; keep its key. Runs in `manage.py shell` of a server's data, which may be copied afterwards."""
    from django.conf import settings
    from django.contrib.auth import login
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    request.session = SessionStore()
    login(request, User.objects.get(username=username), settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    folder = Path(settings.DATA_DIR) / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / username).write_text(str(request.session.session_key))


def session_cookie(server: Server, username: str) -> dict[str, Any]:
    """Return the cookie of the session that `keep_session` made."""
    key = (server.data / FOLDER / username).read_text()
    return {"name": "sessionid", "value": key, "domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax"}
