"""Clients that do not read hold no database connection."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from tests.insights import postgres
from tests.servers import ROOT, Server

LONG_TALK = """
from django.contrib.auth.models import User
from django.utils import timezone
from insights.models import Conversation, Message, Speaker
from insights.models.conversations import new_conversation_id
now = timezone.now()
talk = Conversation.objects.create(id=new_conversation_id(), owner=User.objects.get(), connection_id="long", name="long",
    language="en-US", timezone_offset=0, started_at=now, ended_at=now, message_count=1000, last_event=1)
speaker = Speaker.objects.create(conversation=talk, number=1)
Message.objects.bulk_create([Message(conversation=talk, speaker=speaker, number=number, text="It is a long talk. " * 750, words=[],
    confidence=1, started_at=now, ended_at=now, offset_s=0, duration_s=0) for number in range(1, 1001)])
print(talk.id)
"""
"""Of as many messages as a download may have that is made in the request."""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on uvicorn with two connections to PostgreSQL."""
    if lacking := postgres.lacking():
        pytest.skip(lacking)
    with postgres.migrated_cluster() as url:
        env = {"DATABASE_URL": url, "DATABASE_POOL": "2", "RECOGNISER": "scripted", "SECRET_KEY": "x" * 50}
        server = Server(tmp_path_factory.mktemp("few") / "data", env, "uvicorn")
        try:
            yield server.start()
        finally:
            server.kill()


@pytest.mark.parametrize("path", ["/v1/conversations/{}/messages?verbose=true", "/conversations/{}/download.json"])
def test_a_client_that_does_not_read_holds_no_connection(few: Server, path: str) -> None:
    """Four clients do not read a long response, and two connections still serve all others."""
    token = few.token()
    talk = few.manage("shell", "-v0", "-c", LONG_TALK).split()[-1]
    cookie = few.manage("shell", "-v0", "-c", SIGN_IN).split()[-1]
    request = f"GET {path.format(talk)} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {token}\r\nCookie: sessionid={cookie}\r\n\r\n"
    deaf = [socket.socket() for _ in range(4)]
    try:
        for client in deaf:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", few.port))
            client.sendall(request.encode())
        for client in deaf:
            client.settimeout(60)
            assert client.recv(12) == b"HTTP/1.1 200"
        for _ in range(3):
            status, answer = few.get("/v1/conversations?limit=1", token)
            assert (status, len(answer["conversations"])) == (200, 1), json.dumps(answer)
        assert few.get("/readyz")[0] == 200
    finally:
        for client in deaf:
            client.close()
    assert "".join(few.output).count("Traceback") == 0


def test_a_download_is_complete(few: Server) -> None:
    """It is made in chunks while it is read, and ends only if it is complete."""
    few.token()
    talk = few.manage("shell", "-v0", "-c", LONG_TALK).split()[-1]
    cookie = few.manage("shell", "-v0", "-c", SIGN_IN).split()[-1]
    request = urllib.request.Request(f"{few.url}/conversations/{talk}/download.json", headers={"Cookie": f"sessionid={cookie}"})
    with urllib.request.urlopen(request, timeout=60) as response:
        body = response.read()
        assert (response.headers["Transfer-Encoding"], response.headers["Content-Length"]) == ("chunked", None)
    [whole] = json.loads(body)["conversations"]
    assert [message["text"] for message in whole["messages"]] == ["It is a long talk. " * 750] * 1000


def test_options_of_the_database_url_are_merged() -> None:
    """Its options are added to the limits of transactions, and its connection settings take precedence."""
    url = "postgres://me@db/parley?options=-c%20search_path%3Dtalk&connect_timeout=2"
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "x" * 50}
    show = "import json; from django.conf import settings; print(json.dumps(settings.DATABASES['default']))"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", show], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    options = json.loads(done.stdout)["OPTIONS"]
    assert options["options"] == "-c idle_in_transaction_session_timeout=10s -c lock_timeout=15s -c search_path=talk"
    assert (int(options["connect_timeout"]), options["tcp_user_timeout"]) == (2, 10_000)


SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
user = User.objects.get()
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""
