"""Forwarded addresses, Host headers, tokens in logs and file modes on both servers."""

import asyncio
import http.client
import json
import stat
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import websockets

from tests.servers import Server

PROXY = "127.0.0.9"


def ask(server: Server, path: str, body: object = None, source: str = "127.0.0.1", **headers: str) -> http.client.HTTPResponse:
    """Return the response to one request on a new connection; `_` in a header's name stands for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None:
        connection.request("GET", path, headers=sent)
    else:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **sent})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def guess(server: Server, forwarded: str, source: str = "127.0.0.1") -> int:
    """Return the status of a wrong secret for one app with an X-Forwarded-For header."""
    body = {"type": "application", "appId": "a", "appSecret": "wrong"}
    return ask(server, "/oauth2/token:generate", body, source, X_Forwarded_For=forwarded).status


async def handshake(server: Server, path: str, host: str) -> int:
    """Return the HTTP status of a WebSocket handshake with a Host header; 101 means accepted."""
    try:
        # The library's Host header follows the address, so the address names the host and the TCP connection goes to the server.
        async with websockets.connect(f"ws://{host}{path}", host="127.0.0.1", port=server.port, proxy=None):
            return 101
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_client_supplied_headers_are_not_trusted(make_server: Callable[..., Server], kind: str) -> None:
    """One test covers all on each server, because a start takes seconds."""
    server = make_server(kind, TOKEN_TRIES_PER_MINUTE="5", TRUSTED_PROXIES=PROXY)
    link = urlsplit(server.manage("setuplink").strip())
    assert ask(server, f"{link.path}?{link.query}").status == 200
    assert ask(server, f"{link.path}?token=guessed.token").status == 403

    assert [guess(server, f"10.0.0.{number}") for number in range(6)] == [401] * 5 + [429]
    assert [guess(server, f"10.0.0.{number}, 198.51.100.1", PROXY) for number in range(6)] == [401] * 5 + [429]
    assert guess(server, "198.51.100.2", PROXY) == 401

    for path in ("/v1/streaming/room", "/v1/subscribe/room", "/websocket/offer", "/streams/echo/telephone/handler", "/nowhere"):
        assert asyncio.run(handshake(server, path, "evil.example")) == 403, path
    assert asyncio.run(handshake(server, "/v1/streaming/room", f"127.0.0.1:{server.port}")) == 101

    assert ask(server, "/signin/", Host="10.9.8.7").status == 400
    assert ask(server, "/healthz", Host="10.9.8.7").status == 200
    assert ask(server, "/readyz", Host="10.9.8.7").status == 200

    files = [server.data, *server.data.glob("*")]
    assert {path.name: oct(path.stat().st_mode) for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077} == {}
    server.stop()
    log = "".join(server.output)
    assert link.query.partition("=")[2] not in log
    assert "guessed.token" not in log
    assert "token=***" not in log  # neither server logs the query string of a request
    assert ("Create the first account at http://" in log) is (kind == "daphne")
