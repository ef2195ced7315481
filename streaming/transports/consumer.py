"""A lean WebSocket consumer on bare ASGI.

Channels' own consumer runs a database connection clean-up on one shared thread for every message and subscribes to a layer
channel of its own. This one does neither, because both cost too much per audio message (docs/adr/0001-lean-consumer.md).
Handling a message must not block the reading, unless the server applies back-pressure. The read loop yields to the event loop
after a few messages, and a client that sends too many messages without audio is closed
(docs/adr/0070-flooding-sockets-are-read-slowly.md).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from streaming.aio.fairness import CooperativeYield
from streaming.aio.send_queue import POLICY, SendQueue
from streaming.transports.auth import Credentials
from streaming.transports.rate_limit import TOO_MANY_MESSAGES, MessageRateLimit
from streaming.transports.request_log import log_close, log_refused_handshake

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
"""An ASGI message."""
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

REASON_BYTES = 123
RESTART = 1012

_running: set[asyncio.Task[Any]] = set()
_open: "dict[asyncio.Task[None], SendQueue]" = {}
"""The writer tasks of all open sockets, with their send queues."""


def keep_task(task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
    """Hold a strong reference to a task until it is done (the event loop holds a weak one) and return it."""
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def close_all(seconds: float) -> None:
    """Close every socket because the server shuts down; wait at most `seconds` until their send queues are flushed."""
    writers = dict(_open)
    for send_queue in writers.values():
        send_queue.finish(RESTART, "the server is going down")
    if writers:
        await asyncio.wait(writers, timeout=seconds)


class Consumer:
    """One WebSocket. Subclasses implement `connected`, `text`, `binary` and `disconnected`.

    `makes_client_wait`: whether the server applies back-pressure, that is, stops reading from a socket whose application does not
    call `receive`. uvicorn does, our own Daphne does (config/daphne_server.py), a bare Daphne does not.
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
        """The base URL that the client connected to, from its Host header."""
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        return f"{scheme}://{self.credentials.headers.get('host', '')}"

    @classmethod
    async def as_asgi(cls, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection: the ASGI application."""
        await cls(scope, receive, send).serve()

    async def serve(self) -> None:
        """Run until the client or the server closes the connection."""
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
        """Handle the open socket; `self.send_queue` can be used."""

    async def text(self, text: str) -> bool:
        """Handle a text message. Return whether it was audio: audio does not count for the rate limit."""
        return False

    async def binary(self, data: bytes) -> bool:
        """Handle a binary message. Return whether it was audio, as `text` does."""
        return False

    def refuse_rate(self, text: str) -> None:
        """Close with POLICY because the client sends too many messages; subclasses also send a warning in their protocol's form."""
        self.send_queue.finish(POLICY, text)

    async def disconnected(self) -> None:
        """Handle the end of the connection, whichever side closed it."""

    async def _read_messages(self) -> None:
        """Dispatch messages until the socket is closed; drop those that arrive after our own close."""
        fair = CooperativeYield()
        clock = asyncio.get_running_loop().time
        while (message := await self._receive())["type"] == "websocket.receive":
            fair.begin_item()
            if not self.send_queue.closed:
                data = message.get("bytes")
                text = message.get("text") or ""
                audio = await (self.text(text) if data is None else self.binary(data))
                if not audio and not self._rate_limit.allows(clock(), len(text)) and not self.send_queue.closed:
                    self.refuse_rate(TOO_MANY_MESSAGES)
            await fair.after_item()

    async def _write(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int, reason: str) -> None:
        log_close(self.scope, code, getattr(self, "user_id", None))
        short = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": short})


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake of a WebSocket with an unknown path."""
    log_refused_handshake(scope)
    await receive()
    await send({"type": "websocket.close", "code": 1008})
