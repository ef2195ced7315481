"""Long responses on both servers: slow and disconnected clients cost nothing, and an aborted response is visibly incomplete."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from tests.servers import Server

WAIT_S = 60.0
"""Only a broken server meets it."""

SEED = """
from django.contrib.auth.models import User
from django.utils import timezone
from insights.models import Conversation, Message, Speaker
now = timezone.now()
talk = Conversation.objects.create(owner=User.objects.get(), connection_id="long", name="long", started_at=now, ended_at=now,
    message_count=3000, last_event=1)
speaker = Speaker.objects.create(conversation=talk, number=1)
Message.objects.bulk_create([Message(conversation=talk, speaker=speaker, number=number, text="It is a long talk. " * 250,
    started_at=now, ended_at=now) for number in range(1, 3001)])
print(talk.id)
"""


def unread(server: Server, path: str, token: str) -> socket.socket:
    """Request a long response and read only its first line."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.settimeout(WAIT_S)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {token}\r\n\r\n".encode())
    return client


def status(client: socket.socket) -> int:
    """Return the status of the response."""
    return int(client.recv(12).split()[1])


@contextmanager
def opened(server: Server, path: str, token: str) -> Iterator[http.client.HTTPResponse]:
    """Start to read a response."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)) as connection:
        connection.request("GET", path, headers={"x-api-key": token})
        with connection.getresponse() as response:
            yield response


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_long_responses(make_server: Callable[..., Server], kind: str) -> None:
    """They are complete, limited per account, released when clients disconnect, and aborted when the conversation is deleted."""
    server = make_server(kind)
    token = server.token()
    talk = server.manage("shell", "-v0", "-c", SEED).split()[-1]
    path = f"/v1/conversations/{talk}/messages?verbose=true"
    with opened(server, path, token) as response:
        body = response.read()
    assert (response.headers["Transfer-Encoding"], response.headers["Cache-Control"]) == ("chunked", "no-store")
    assert len(json.loads(body)["messages"]) == 3000

    deaf = [unread(server, path, token) for _ in range(4)]
    assert [status(client) for client in deaf] == [200] * 4
    code, refused = server.get(path, token)
    assert (code, refused["message"][:25]) == (429, "At most 4 long answers ar")
    assert server.get(path + "&limit=3", token)[0] == 200
    for client in deaf:
        client.close()
    until = time.monotonic() + WAIT_S
    while (client := unread(server, path, token)) and status(client) == 429:
        client.close()
        assert time.monotonic() < until, "clients that left keep their places"
        time.sleep(0.1)
    client.close()

    with opened(server, path, token) as response:
        response.read(1000)
        server.manage("shell", "-v0", "-c", f"from insights.models import Conversation; Conversation.objects.get(id={talk}).delete()")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
    assert server.get("/healthz")[0] == 200
    assert "Traceback" not in "".join(server.output)
