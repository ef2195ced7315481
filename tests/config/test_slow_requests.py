"""Time limits of our Daphne for headers and bodies, with short limits."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import websockets

from config import daphne_server
from tests.servers import ROOT

HEADER_S, BODY_IDLE_S, KEEP_ALIVE_S = 0.8, 1.2, 8.0
WAIT_S = 60.0
SERVER = f"""
import asyncio
from config import daphne_server

daphne_server.HEADER_S, daphne_server.BODY_IDLE_S, daphne_server.KEEP_ALIVE_S = {HEADER_S}, {BODY_IDLE_S}, {KEEP_ALIVE_S}


async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({{"type": "websocket.accept"}})
        while (message := await receive())["type"] == "websocket.receive":
            await send({{"type": "websocket.send", "text": message["text"]}})
        return
    while (await receive()).get("more_body"):
        pass
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    for _ in range(int(scope["query_string"] or 1)):
        await send({{"type": "http.response.body", "body": b"part", "more_body": True}})
        await asyncio.sleep(0.2)
    await send({{"type": "http.response.body", "body": b"end"}})


async def drain():
    pass


endpoints = ["tcp:port=0:interface=127.0.0.1"]
daphne_server.BoundedServer(application, drain=drain, started=lambda port: print(port, flush=True), endpoints=endpoints).run()
"""
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server with short limits."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", SERVER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def exchange(port: int, first: bytes, again: bytes = b"", pause_s: float = 0.25, times: int = 1_000) -> tuple[bytes, float]:
    """Send a first part, then another one repeatedly; return the response and the seconds until the server closed."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def trickle() -> None:
        for _ in range(times if again else 0):
            await asyncio.sleep(pause_s)
            writer.write(again)

    writer.write(first)
    trickling = asyncio.create_task(trickle())
    try:
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read()
    finally:
        trickling.cancel()
        writer.close()
        await writer.wait_closed()
    return answer, time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "again", "least_s"),
    [
        pytest.param(b"", b"", HEADER_S, id="nothing"),
        pytest.param(HEAD, b"", HEADER_S, id="half of the headers"),
        pytest.param(HEAD + b"X: ", b"a", HEADER_S, id="headers byte by byte"),
        pytest.param(HEAD + b"\r\nhalf", b"", BODY_IDLE_S, id="half of a body"),
    ],
)
async def test_an_incomplete_request_is_closed(port: int, first: bytes, again: bytes, least_s: float) -> None:
    """The server closes after the limit, with 408 if a request had begun."""
    answer, seconds = await exchange(port, first, again)
    assert answer[:12] == (b"HTTP/1.1 408" if first else b"")
    assert least_s - 0.1 < seconds < KEEP_ALIVE_S


async def test_a_slow_body_is_accepted(port: int) -> None:
    """A body that never stalls may take more than twice the limit of a stall."""
    last = HEAD + b"Connection: close\r\n\r\n" + b"a" * 10
    answer, seconds = await exchange(port, last, b"b", pause_s=BODY_IDLE_S * 2.5 / 20, times=20)
    assert answer.startswith(b"HTTP/1.1 200")
    assert seconds > BODY_IDLE_S * 2


async def test_a_slow_response_is_complete(port: int) -> None:
    """A response may take longer than every limit except that of an idle connection."""
    answer, seconds = await exchange(port, b"GET /?8 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.count(b"part") == 8
    assert seconds > BODY_IDLE_S


async def test_a_connection_is_kept_between_requests(port: int) -> None:
    """It is kept longer than the limit of headers, which begins with the first byte of the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with asyncio.timeout(WAIT_S):
        for _ in range(2):
            writer.write(request)
            assert b"end" in await reader.readuntil(b"0\r\n\r\n")
            await asyncio.sleep(HEADER_S * 2)
        writer.write(request[:10])
        began = time.monotonic()
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < KEEP_ALIVE_S
    writer.close()
    await writer.wait_closed()


async def test_a_websocket_has_no_such_limit(port: int) -> None:
    """A silent WebSocket stays open."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/", open_timeout=WAIT_S) as socket:
        await asyncio.sleep(max(HEADER_S, BODY_IDLE_S) * 1.5)
        await socket.send("still here")
        assert await socket.recv() == "still here"


def test_the_real_limits() -> None:
    """The limits are those in docs/operate/deploy.md."""
    assert (daphne_server.HEADER_S, daphne_server.BODY_IDLE_S, daphne_server.KEEP_ALIVE_S) == (10.0, 30.0, 60.0)
