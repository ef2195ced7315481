"""The Symbl sockets without a server: the messages to a client when the database or a subscription fails."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from insights.access import Grant
from streaming.cluster.runtime import runtime
from streaming.transports import symbl
from streaming.transports.symbl import ListenConsumer, SpeakConsumer, SymblConsumer


class Socket:
    """The server's side of one connection: it yields the client's messages, keeps sent ones, and disconnects after the close."""

    def __init__(self, *messages: str | bytes) -> None:
        self.inbound: list[dict[str, Any]] = [{"type": "websocket.connect"}]
        self.inbound += [{"type": "websocket.receive", "text" if isinstance(m, str) else "bytes": m} for m in messages]
        self.sent: list[dict[str, Any]] = []
        self._closed = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Return the next message; after the last one, wait for the close."""
        if self.inbound:
            await asyncio.sleep(0)
            return self.inbound.pop(0)
        await self._closed.wait()
        return {"type": "websocket.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Keep a message."""
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self._closed.set()

    async def serve(self, kind: type[SymblConsumer], query: str = "") -> None:
        """Serve the connection to its end."""
        route = {"kwargs": {"connection_id": "room"}}
        extensions: dict[str, Any] = {"parley.waits": {}}
        scope = {"type": "websocket", "headers": [], "query_string": query.encode(), "url_route": route, "extensions": extensions}
        async with asyncio.timeout(30):
            await kind()(scope, self.receive, self.send)

    @property
    def sent_json(self) -> list[Any]:
        """Return the messages to the client."""
        return [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]

    @property
    def code(self) -> int:
        """Return the close code."""
        assert self.sent[-1]["type"] == "websocket.close"
        return int(self.sent[-1]["code"])


@pytest.fixture
def authenticator(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | None], None]:
    """Return a function that makes authentication accept every client, or raise an error."""

    def answers(error: BaseException | None) -> None:
        async def grant_of(credentials: object) -> Grant:
            if error is not None:
                raise error
            return Grant(1, app_id="app")

        monkeypatch.setattr(symbl, "grant_of", grant_of)

    answers(None)
    return answers


@pytest.mark.parametrize("kind", [SpeakConsumer, ListenConsumer])
async def test_a_client_that_cannot_be_authenticated(
    authenticator: Callable[[BaseException | None], None], kind: type[SymblConsumer], caplog: pytest.LogCaptureFixture
) -> None:
    """While the database is unreachable a client gets an error and a close code on which it retries."""
    authenticator(OperationalError("secret words"))
    socket = Socket()
    await socket.serve(kind)
    assert "try again later" in socket.sent_json[0]["message"]
    assert socket.code == 1013
    assert "secret" not in caplog.text


async def test_a_subscriber_whose_subscription_fails(
    authenticator: Callable[[BaseException | None], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The socket of the subscriber is closed."""

    async def fail(*args: object, **options: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(symbl, "run_in_database", fail)
    socket = Socket()
    await socket.serve(ListenConsumer)
    assert "connect again" in socket.sent_json[0]["message"]
    assert socket.code == 1011
    assert "secret" not in caplog.text


async def test_a_refused_client_that_continues_to_send(authenticator: Callable[[BaseException | None], None], settings: Any) -> None:
    """A refused client that sends a megabyte does not keep its socket open."""
    settings.SESSION_LIMIT = 0
    socket = Socket('{"type":"start_request"}', *[bytes(8192)] * 200)
    await socket.serve(SpeakConsumer)
    assert socket.code == 1013
    assert not socket.inbound
    assert len(runtime().registry) == 0
