"""A lean WebSocket consumer on bare ASGI.

Channels' own consumer runs a connection clean-up on one shared thread for every message and listens on a layer channel
of its own; the audio path pays for neither (docs/adr/0001-lean-consumer.md). It never waits in `receive`, except where
the server makes its client wait for that. It yields to the event loop after a few messages, and closes a client that sends
too many without audio (docs/adr/0070-flooding-sockets-are-read-slowly.md).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from streaming.aio.fairness import CooperativeYield
from streaming.aio.send_queue import POLICY, SendQueue
from streaming.transports.auth import Credentials
from streaming.transports.rate_limit import TOO_MANY_MESSAGES, MessageRateLimit

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
"""What an ASGI server and its application say to each other."""
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

REASON_BYTES = 123
RESTART = 1012

_running: set[asyncio.Task[Any]] = set()
_open: "dict[asyncio.Task[None], SendQueue]" = {}
"""The writers of all open sockets."""


def keep(task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
    """Hold a task until it is done: the event loop itself only holds it weakly."""
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def close_all(seconds: float) -> None:
    """Close every socket, because the server goes down, and wait until the last words are out, but not longer than stated."""
    writers = dict(_open)
    for send_queue in writers.values():
        send_queue.finish(RESTART, "the server is going down")
    if writers:
        await asyncio.wait(writers, timeout=seconds)


class Consumer:
    """One WebSocket. Subclasses say what happens on connect, text, binary and hang-up.

    `makes_client_wait` tells whether the server stops reading from a socket whose application does not call `receive`:
    uvicorn does, our own Daphne does (config/daphne_server.py), a bare Daphne does not.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.credentials = Credentials.from_scope(scope)
        self.makes_client_wait = "websocket.http.response" in scope.get("extensions", {}) or "parley.waits" in scope.get("extensions", {})
        self._receive = receive
        self._send = send
        self.send_queue = SendQueue(self._write, self._close)
        self._rate_limit = MessageRateLimit()

    @property
    def site(self) -> str:
        """The address under which the client reached us, as it says itself."""
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        return f"{scheme}://{self.credentials.headers.get('host', '')}"

    @classmethod
    async def as_asgi(cls, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection: the ASGI application."""
        await cls(scope, receive, send).serve()

    async def serve(self) -> None:
        """Run until the client or the server hangs up."""
        if (await self._receive())["type"] != "websocket.connect":
            return
        subprotocol = self.credentials.subprotocols[0] if self.credentials.subprotocols else None
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        writer = asyncio.create_task(self.send_queue.run())
        _open[writer] = self.send_queue
        writer.add_done_callback(_open.pop)
        try:
            await self.connected()
            await self._read_messages()
        finally:
            self.send_queue.finish()
            await self.disconnected()
        await writer

    async def connected(self) -> None:
        """The socket is open; `self.send_queue` can be used."""

    async def text(self, text: str) -> bool:
        """A text message came. Return whether it was audio: only then it does not count for the rate limit."""
        return False

    async def binary(self, data: bytes) -> bool:
        """A binary message came. Return whether it was audio, as `text` does."""
        return False

    def refuse_rate(self, text: str) -> None:
        """Warn the client in the protocol's own form that it sends too many messages, and close with POLICY."""
        self.send_queue.finish(POLICY, text)

    async def disconnected(self) -> None:
        """The socket is closed, by whichever side."""

    async def _read_messages(self) -> None:
        """Give on what comes until the socket is closed; what comes after our own close is dropped."""
        fair = CooperativeYield()
        clock = asyncio.get_running_loop().time
        while (message := await self._receive())["type"] == "websocket.receive":
            fair.begin_item()
            if not self.send_queue.closed:
                data = message.get("bytes")
                audio = await (self.text(message.get("text") or "") if data is None else self.binary(data))
                if not audio and not self._rate_limit.allows(clock()) and not self.send_queue.closed:
                    self.refuse_rate(TOO_MANY_MESSAGES)
            await fair.after_item()

    async def _write(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int, reason: str) -> None:
        short = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": short})


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake of a WebSocket whose path is nobody's."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
