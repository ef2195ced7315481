"""Pipelined HTTP on both servers: ordered responses, no delay for other clients, and no errors in the log."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import uvicorn

from config.uvicorn_http import BoundedHttpProtocol
from tests.servers import Server, copied, free_port

SOCKETS, REQUESTS = 50, 200
FLOOD_S = 4.0
HEALTH_S = 2.0
"""Four times the limit of half a second: tests share their machine."""


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of each kind for all tests of this file."""
    data = copied(migrated_data, tmp_path_factory.mktemp("pipelines") / "data")
    server = Server(data, {"RECOGNISER": "scripted"}, request.param)
    try:
        yield server.start()
    finally:
        server.kill()


async def test_requests_of_a_pipeline_are_answered_in_order(server: Server) -> None:
    """More GETs and POSTs than a server parses at once get responses in order, and the connection stays usable."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    sent, expected = b"", []
    for number in range(60):
        body = b"x" * 900 if number % 10 == 9 else b""
        line = "POST /oauth2/token:generate" if body else f"GET /unknown/{number}"
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        sent += head.encode() + body
        expected.append(b"400" if body else b"404")  # a body that is no JSON, and a path that is not there
    writer.write(sent)
    async with asyncio.timeout(120):
        assert [await _status(reader) for _ in expected] == expected
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert await _status(reader) == b"200"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("part", [b"X-Long: " + b"a" * 65_536, b"a: b\r\n" * 11_000], ids=["one header", "many headers"])
async def test_endless_headers_are_refused(server: Server, part: bytes) -> None:
    """The server closes well before 8 MiB of headers, which uvicorn would copy at each read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    sent = 0
    async with asyncio.timeout(60):
        try:
            while not reader.at_eof() and sent < 2**23:
                writer.write(part)
                sent += len(part)
                part = part.removeprefix(b"X-Long: ")
                await writer.drain()
                await asyncio.sleep(0)
            await reader.read()
        except ConnectionError:
            pass
    writer.transport.abort()
    assert sent < 2**23


async def test_headers_may_be_slow_and_long(server: Server) -> None:
    """Eight kilobytes of headers are accepted, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(60):
        for byte in b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        writer.write(b"Cookie: a=" + b"b" * 8000 + b"\r\n\r\n")
        assert await _status(reader) == b"200"
    writer.close()
    await writer.wait_closed()


async def _status(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length, head
    await reader.readexactly(int(length[1]))
    return head.split()[1]


async def test_a_flood_does_not_delay_other_clients(server: Server) -> None:
    """Health answers while fifty sockets send 200 requests each, and the log has no traceback when they close."""
    stop, times = threading.Event(), list[float]()
    prober = threading.Thread(target=_probe, args=(server.url + "/healthz", stop, times))
    flood = b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * REQUESTS
    clients = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(SOCKETS)]
    for _, writer in clients:
        writer.write(flood)
    reading = [asyncio.create_task(_discard(reader)) for reader, _ in clients]
    prober.start()
    await asyncio.sleep(FLOOD_S)
    for _, writer in clients:
        writer.transport.abort()
    stop.set()
    await asyncio.to_thread(prober.join)
    await asyncio.gather(*reading)
    assert len(times) > 3
    assert max(times) < HEALTH_S
    assert await asyncio.to_thread(server.get, "/api/docs")  # what the clients had in the queue came before
    assert "Traceback" not in "".join(server.output)


def _probe(url: str, stop: threading.Event, times: list[float]) -> None:
    while not stop.is_set():
        began = time.monotonic()
        with urlopen(url, timeout=60) as response:
            assert response.status == 200
        times.append(time.monotonic() - began)
        stop.wait(0.05)


async def _discard(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass


@asynccontextmanager
async def uvicorn_of(application: Any) -> AsyncIterator[uvicorn.Server]:
    """Run uvicorn in this event loop, with our connection class."""
    server = uvicorn.Server(uvicorn.Config(application, http=BoundedHttpProtocol, port=free_port(), lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(60):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = server.force_exit = True
        await serving


async def test_uvicorn_parses_a_pipeline_in_slices() -> None:
    """About twenty of 500 requests are parsed while the first runs; it gets the disconnect, and the others never run."""
    began, left = asyncio.Event(), asyncio.Event()
    count = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal count
        count += 1
        assert (await receive())["type"] == "http.request"
        began.set()
        assert (await receive())["type"] == "http.disconnect"
        left.set()

    async with uvicorn_of(application) as server, asyncio.timeout(60):
        _, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 500)
        await began.wait()
        (connection,) = server.server_state.connections
        assert isinstance(connection, BoundedHttpProtocol)
        assert 0 < len(connection.pipeline) < 25
        assert connection.flow.read_paused
        connection.unparsed = b""  # so that the connection is read from, and its end is seen at once
        connection.flow.resume_reading()
        writer.transport.abort()
        await left.wait()
    assert count == 1
