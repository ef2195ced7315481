"""The Symbl sockets without a server: what a client is told when something behind them fails."""

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
    """The server's side of one connection: gives the client's messages, keeps what is sent, then hangs up once it was closed."""

    def __init__(self, *messages: str | bytes) -> None:
        self.inbound: list[dict[str, Any]] = [{"type": "websocket.connect"}]
        self.inbound += [{"type": "websocket.receive", "text" if isinstance(m, str) else "bytes": m} for m in messages]
        self.sent: list[dict[str, Any]] = []
        self._closed = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Give the next message; after the last one, wait for the close."""
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
    def told(self) -> list[Any]:
        """Return what the client was told."""
        return [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]

    @property
    def code(self) -> int:
        """Return the close code."""
        assert self.sent[-1]["type"] == "websocket.close"
        return int(self.sent[-1]["code"])


@pytest.fixture
def requester(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | None], None]:
    """Return a function that lets everybody in, or makes the question who it is fail."""

    def answers(error: BaseException | None) -> None:
        async def grant_of(credentials: object) -> Grant:
            if error is not None:
                raise error
            return Grant(1, app_id="app")

        monkeypatch.setattr(symbl, "grant_of", grant_of)

    answers(None)
    return answers


@pytest.mark.parametrize("kind", [SpeakConsumer, ListenConsumer])
async def test_a_visitor_that_cannot_be_checked(
    requester: Callable[[BaseException | None], None], kind: type[SymblConsumer], caplog: pytest.LogCaptureFixture
) -> None:
    """While the database is away a client is told to try again, with a code that does not mean the end."""
    requester(OperationalError("secret words"))
    socket = Socket()
    await socket.serve(kind)
    assert "try again later" in socket.told[0]["message"]
    assert socket.code == 1013
    assert "secret" not in caplog.text


async def test_a_listener_whose_telling_fails(
    requester: Callable[[BaseException | None], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A listener is not left waiting on an open socket for what will never come."""

    async def fail(*args: object, **options: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(symbl, "run_in_database", fail)
    socket = Socket()
    await socket.serve(ListenConsumer)
    assert "connect again" in socket.told[0]["message"]
    assert socket.code == 1011
    assert "secret" not in caplog.text


async def test_one_session_too_many_that_goes_on_sending(requester: Callable[[BaseException | None], None], settings: Any) -> None:
    """A client that is refused and sends a megabyte all the same does not hold its socket for ever."""
    settings.SESSION_LIMIT = 0
    socket = Socket('{"type":"start_request"}', *[bytes(8192)] * 200)
    await socket.serve(SpeakConsumer)
    assert socket.code == 1013
    assert not socket.inbound
    assert len(runtime().registry) == 0
