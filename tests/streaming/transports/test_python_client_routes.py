"""The routes of the Python client against a server that answers by a script: lost and broken responses."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from parley.client_routes import StreamError, StreamRoutes
from tests.streaming.transports.client import WAIT_S

BROKEN = ""
"""A connection that ends without a response."""


def response(status: int, body: str, kind: str = "application/json") -> str:
    """Return an HTTP response."""
    return f"HTTP/1.1 {status} Any\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"


def events(*lines: str) -> str:
    """Return a response with server-sent events, each given by its lines."""
    return response(200, "".join(f"{line}\n" for line in lines), "text/event-stream")


PAGE = response(502, "<html>Bad gateway: try again</html>", "text/html")


@asynccontextmanager
async def scripted(responses: Sequence[str]) -> AsyncIterator[tuple[StreamRoutes, list[str]]]:
    """Serve these responses, the last one again and again; yield the client's routes, and the request lines that came."""
    requests: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if length := re.search(r"(?i)content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        requests.append(head.partition("\r\n")[0])
        writer.write(responses[min(len(requests), len(responses)) - 1].encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    routes = StreamRoutes(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/streams/any", "")
    async with asyncio.timeout(WAIT_S), server:
        yield routes, requests
        await routes.close()


async def test_outputs_go_on_after_lost_responses() -> None:
    """They are requested again from the last number on; an output that could not be sent is left out."""
    first = events("id: 1", "event: output", 'data: {"n": 1}', "", ": still here", "", "id: 2", "event: invalid", "data: no JSON", "")
    last = events("id: 3", "event: output", "data: one", "data: two", "", "event: end", "data: ended", "")
    async with scripted([BROKEN, first, PAGE, last]) as (routes, requests):
        assert [output async for output in routes.outputs("mine")] == [{"n": 1}, "one\ntwo"]
    assert [line.split("after=")[1].split()[0] for line in requests] == ["0", "0", "2", "2"]


async def test_a_server_that_is_away_is_asked_rarely() -> None:
    """A refused connection is tried again after a pause, not at once, until the client is closed."""
    async with scripted([BROKEN]) as (routes, requests):
        reading = asyncio.create_task(anext(routes.outputs("mine"), None))
        await asyncio.sleep(1.2)
        assert len(requests) <= 3
        await routes.close()
        assert await reading is None


async def test_a_refusal_without_json_has_its_status() -> None:
    """The page of a proxy, or a body that is no object, is a StreamError, not an error of the JSON parser."""
    refusals = [(PAGE, 502), (response(200, ""), 200), (response(200, "<p>Sign in</p>", "text/html"), 200), (response(404, "[]"), 404)]
    for answer, status in refusals:
        async with scripted([answer]) as (routes, _):
            with pytest.raises(StreamError, match=f"status {status}"):
                await routes.post("webrtc/offer", {})
            assert await routes.ice_servers() == []
    async with scripted([response(404, "Nothing here")]) as (routes, _):
        with pytest.raises(StreamError, match="status 404"):
            await anext(routes.outputs("mine"))
