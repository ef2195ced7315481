"""Uploads on both servers: streamed to disk, refused early, and without a trace when they break."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.upload_paths import is_upload
from tests.servers import Server

MIB = 1024 * 1024
WAIT_S = 60.0


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/v1/process/audio", True),
        (b"/v1/process/video?name=x", True),
        (b"/v1/process/audio/1234?url=/url", True),
        (b"/v1/process/audio/url", False),
        (b"/v1/process/audio/url?x=1", False),
        (b"/v1/process/audio/url/1234", False),
        (b"/v1/process/text", False),
        (b"/v1/process/audiobook", False),
        (b"/v1/conversations", False),
    ],
)
def test_what_is_an_upload(target: bytes, expected: bool) -> None:
    """Files are; text and URLs are not, as their bodies are small."""
    assert is_upload(b"POST", target) is expected
    assert is_upload(b"PUT", target) is expected
    assert not is_upload(b"GET", target)


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which a file may have 8 MiB."""
    from tests import servers

    data = servers.copied(migrated_data, tmp_path_factory.mktemp("uploads") / "data")
    started = Server(data, {"RECOGNISER": "scripted", "MAX_UPLOAD_MB": "8"}, request.param).start()
    yield started
    started.kill()


def uploads(server: Server) -> list[str]:
    """Return the names in the folder of uploads."""
    folder = server.data / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def send(server: Server, body: Any, *, token: bool = True, **headers: str) -> tuple[int, Any]:
    """POST a body (bytes, or an iterable of chunks) and return status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
    sent = {"x-api-key": server.token()} if token else {}
    try:
        connection.request("POST", "/v1/process/audio", body, {**sent, **headers}, encode_chunked=not isinstance(body, bytes))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_a_file_above_the_usual_limit_of_a_body(server: Server) -> None:
    """It is on disk as it was sent, with or without a length."""
    before = set(uploads(server))
    body = bytes(range(256)) * (6 * 4096)
    for sent in (body, iter([body[: 5 * MIB], body[5 * MIB :]])):
        headers = {} if isinstance(sent, bytes) else {"Transfer-Encoding": "chunked"}
        status, answer = send(server, sent, **headers)
        assert status == 201, answer
        (new,) = set(uploads(server)) - before
        assert new.startswith(answer["conversationId"])
        assert (server.data / "uploads" / new).read_bytes() == body
        assert (server.data / "uploads" / new).stat().st_mode & 0o077 == 0
        before.add(new)


def test_too_large_a_file(server: Server) -> None:
    """It is refused by its length, or when the limit is passed; nothing is kept."""
    before = uploads(server)
    refused = (413, {"message": "body: a file may be at most 8 MiB large (MAX_UPLOAD_MB)"})
    assert send(server, bytes(9 * MIB)) == refused
    assert send(server, iter([bytes(MIB)] * 12), **{"Transfer-Encoding": "chunked"}) == refused
    assert uploads(server) == before


def test_a_stranger_is_refused_before_the_body(server: Server) -> None:
    """The answer comes while the body is still to be sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        client.sendall(b"POST /v1/process/audio HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")
    assert send(server, bytes(6 * MIB), token=False) == (401, {"message": "Token validation failed for provided token."})


def test_a_token_without_the_scope_is_refused_before_the_body(server: Server) -> None:
    """The answer comes while the body is still to be sent; nothing is written."""
    before = uploads(server)
    app = json.loads(server.manage("createapp", "--email", "reader@example.com", "--scopes", "read", "--json"))
    wanted = {"type": "application", "appId": app["appId"], "appSecret": app["appSecret"]}
    token = server.post("/oauth2/token:generate", wanted)[1]["accessToken"]
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        head = f"POST /v1/process/audio HTTP/1.1\r\nHost: localhost\r\nx-api-key: {token}\r\nContent-Length: 5000000\r\n\r\n"
        client.sendall(head.encode())
        answer = b""
        while b"needs the scope write" not in answer and (piece := client.recv(4096)):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"needs the scope write" in answer
    assert uploads(server) == before


def test_a_broken_upload_leaves_no_file(server: Server) -> None:
    """The part that came is removed when the client goes."""
    before = uploads(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as client:
        head = f"POST /v1/process/audio HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.token()}\r\nContent-Length: 5000000\r\n\r\n"
        client.sendall(head.encode() + bytes(MIB))
        eventually(lambda: uploads(server) != before)
    eventually(lambda: uploads(server) == before)


def test_a_connection_is_used_again(server: Server) -> None:
    """After a good upload, after a refused one whose body was read to its end, and for another call."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
    token = {"x-api-key": server.token()}
    for headers, expected in ((token, 201), ({}, 401), (token, 201)):
        connection.request("POST", "/v1/process/audio", bytes(2 * MIB), headers)
        response = connection.getresponse()
        assert response.status == expected
        response.read()
    connection.request("GET", "/v1/conversations", headers=token)
    assert connection.getresponse().status == 200
    connection.close()


def test_other_bodies_keep_their_limit(server: Server) -> None:
    """A text of 5 MiB is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)
    try:
        connection.request("POST", "/v1/process/text", bytes(5 * MIB), {"x-api-key": server.token()})
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server closed while the rest was being sent
    connection.close()
