"""The log of a server: sessions, conversations, the model, and refused requests, on both servers."""

import asyncio
import re
import signal
from collections.abc import Callable

import pytest

from insights.access import Grant
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.transports.http_auth import Requester
from streaming.transports.request_log import address_of, log_http_status, printable_path
from tests.servers import Server
from tests.streaming.transports.client import connected
from tests.streaming.transports.handlers import echo
from tests.streaming.transports.rtc import until

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+ \S")
SERVERS = ["daphne", "uvicorn"]


def matching(server: Server, pattern: str) -> list[str]:
    """Return the lines of a server's log that match."""
    return [line.rstrip("\n") for line in server.output if re.search(pattern, line)]


async def come(server: Server, pattern: str, count: int = 1) -> list[str]:
    """Wait for lines of the log."""
    await until(lambda: len(matching(server, pattern)) >= count, f"{pattern} was not logged: {''.join(server.output)}")
    return matching(server, pattern)


@pytest.mark.parametrize("kind", SERVERS)
async def test_a_conversation_and_its_session_have_a_start_and_an_end(make_server: Callable[..., Server], kind: str) -> None:
    """The lines have ids, transport, seconds and reason, each once."""
    server = make_server(kind)
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        await client.start("Jane")
        await client.speak(1)
        await client.stop()
    [started] = await come(server, r"streaming\.cluster\.registry session \S+ started")
    [ended] = await come(server, r"streaming\.cluster\.registry session \S+ ended")
    [begun] = await come(server, r"insights\.recorder\.join conversation \d+ started")
    [over] = await come(server, r"insights\.recorder\.ending conversation \d+ ended")
    identity = started.split("session ")[1].split(" ")[0]
    assert started.endswith(f"session {identity} started: stream conversation, websocket, user 1")
    assert re.search(rf"session {identity} ended after \d+\.\d s: finished \(stream conversation, websocket, user 1\)$", ended)
    conversation = begun.split("conversation ")[1].split(" ")[0]
    assert begun.endswith(f"conversation {conversation} started: session {identity}, user 1")
    assert re.search(rf"conversation {conversation} ended after \d+\.\d s: \d+ messages, user 1$", over)


async def test_a_subscriber_has_a_start_and_an_end(make_server: Callable[..., Server]) -> None:
    """The lines have ids, user, seconds and reason, each once, without spoken words and the client's id."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token, "planning") as speaker:
        conversation = await speaker.start("Jane")
        async with connected(server, token, "planning", "/v1/subscribe/") as gone:
            await gone.wait("conversation_created")
        await come(server, r"subscriber \S+ ended")
        async with connected(server, token, "planning", "/v1/subscribe/") as listener:
            await listener.wait("conversation_created")
            await speaker.speak(1)
            await speaker.stop()
            await listener.wait("conversation_completed")
            await listener.wait_closed()
    started = await come(server, r"streaming\.transports\.symbl subscriber \S+ started", 2)
    ended = await come(server, r"streaming\.transports\.symbl subscriber \S+ ended", 2)
    for begun, over, reason in zip(started, ended, ["the client disconnected", "finished"], strict=True):
        identity = begun.split("subscriber ")[1].split(" ")[0]
        assert begun.endswith(f"subscriber {identity} started: websocket, user 1")
        detail = rf"\(conversation {conversation}, websocket, user 1\)$"
        assert re.search(rf"subscriber {identity} ended after \d+\.\d s: {reason} {detail}", over)
    assert not matching(server, "subscriber .*planning")


async def test_a_subscriber_that_the_server_ends_has_the_reason(make_server: Callable[..., Server]) -> None:
    """The reason is a restart, also for a subscriber that waits for a conversation."""
    server = make_server()
    token = await asyncio.to_thread(server.token)
    async with connected(server, token, "planning", "/v1/subscribe/"):
        await come(server, r"subscriber \S+ started")
        assert await asyncio.to_thread(server.stop) in (0, -signal.SIGTERM)
    [ended] = await come(server, r"subscriber \S+ ended")
    assert re.search(r"ended after \d+\.\d s: the server is going down \(websocket, user 1\)$", ended)


@pytest.mark.parametrize("kind", SERVERS)
async def test_refused_requests_have_address_and_user(make_server: Callable[..., Server], kind: str) -> None:
    """The line has no query, and successful requests are not logged."""
    server = make_server(kind)
    token = await asyncio.to_thread(server.token)
    ask = asyncio.to_thread
    assert (await ask(server.get, f"/v1/conversations/77/messages?access_token={token}&q=merger"))[0] == 404
    assert (await ask(server.get, "/v1/conversations"))[0] == 401
    assert (await ask(server.get, "/nothing/at%0Aall/"))[0] == 404
    assert (await ask(server.get, "/v1/conversations", token))[0] == 200
    async with connected(server, "a.wrong.token") as client:
        await client.wait("error")
    lines = await come(server, r"streaming\.transports\.request_log ", 4)
    assert [line.split("request_log ")[1] for line in lines] == [
        "404 GET /v1/conversations/77/messages from 127.0.0.1, user 1",
        "401 GET /v1/conversations from 127.0.0.1, anonymous",
        "404 GET /nothing/at?all/ from 127.0.0.1, anonymous",
        lines[3].split("request_log ")[1],
    ]
    assert re.search(r"WARNING \S+ closed with 1008: WebSocket /v1/(realtime|streaming)/\S+ from 127\.0\.0\.1, anonymous$", lines[3])
    log = "".join(server.output)
    assert "merger" not in log
    assert "Not Found" not in log  # Django's own line


@pytest.mark.parametrize("kind", SERVERS)
async def test_every_line_has_one_format(make_server: Callable[..., Server], kind: str) -> None:
    """The format is the same from start to end, and the log names the model."""
    server = make_server(kind)
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        await client.start("Jane")
    await asyncio.to_thread(server.get, "/nothing/")
    assert await asyncio.to_thread(server.stop) in (0, -signal.SIGTERM)
    await come(server, "streaming.transports.request_log")
    lines = [line for line in server.output if not line.startswith(("Parley listens at ", "Create the first account", "No account has"))]
    assert [line for line in lines if not LINE.match(line)] == []
    [loaded] = matching(server, r"streaming\.recogniser the recogniser")
    assert re.search(r"the recogniser scripted is ready: .+, loaded in \d+\.\d s$", loaded)
    assert matching(server, "connection open|connection closed|\\[accepted\\]") == []


async def test_a_response_is_forwarded_and_its_user_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    """The application writes the user into the scope, or into a copy of it."""
    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/x", "client": None}
    logged = log_http_status(scope, send)
    {**scope}["parley.user"]["id"] = 7
    for message in ({"type": "http.response.start", "status": 429}, {"type": "http.response.body"}):
        await logged(message)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert caplog.messages == ["429 GET /x from an unknown address, user 7"]


async def test_the_close_of_a_stream_socket_names_its_user(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Stream sockets log the user, as Symbl sockets do."""

    async def authenticate(self: FastrtcConsumer) -> Requester:
        return Requester(Grant(7))

    async def send(message: object) -> None:
        """Send nothing."""

    monkeypatch.setattr(FastrtcConsumer, "authenticate", authenticate)
    consumer = FastrtcConsumer()
    consumer.scope, consumer.base_send = {"path": "/streams/echo/websocket/offer", "client": ("192.0.2.1", 5)}, send
    consumer.stream = echo()
    await consumer.authenticated()
    await consumer._close(1008, "refused")
    assert "closed with 1008: WebSocket /streams/echo/websocket/offer from 192.0.2.1, user 7" in caplog.text


def test_a_path_is_one_short_line() -> None:
    """Any path is logged as one short line."""
    path = printable_path({"path": "/a\r\nERROR b\x1b[1m" + "x" * 1000})
    assert path.startswith("/a??ERROR b?[1mxxx")
    assert len(path) == 200
    assert address_of({"client": ("2001:db8::1", 5)}) == "2001:db8::1"
