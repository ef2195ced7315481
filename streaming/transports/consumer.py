"""The base of all WebSocket consumers: Channels' `AsyncConsumer` with a receive loop of its own.

Channels' receive loop opens a channel on the layer for every socket, starts a task for every message, and runs a database connection
clean-up on one shared thread for every message. This one does none of them, because they cost too much per audio message
(docs/adr/0001-lean-consumer.md).
Handling a message must not block the reading, unless the server applies back-pressure. The read loop yields to the event loop
after a few messages, and a client that sends too many messages without audio is closed
(docs/adr/0070-paced-reading-of-websockets.md).
"""

import asyncio
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from streaming.aio.fairness import CooperativeYield
from streaming.aio.send_queue import POLICY, SendQueue
from streaming.transports.auth import RequestCredentials
from streaming.transports.request_log import log_close, log_refused_handshake
from streaming.types.asgi import AsgiMessage, AsgiReceive, AsgiScope, AsgiSend

REASON_BYTES = 123
RESTART = 1012
MAX_MESSAGES = 200
WINDOW_S = 10.0
CHARACTERS = 8192
"""A longer text counts as several messages, one for each so many characters: reading a large start_request takes up to 50 ms."""
MOST_COUNTED = 262_144
"""Characters of a text that count at most; a longer one is refused unread."""
TOO_MANY_MESSAGES = f"more than {MAX_MESSAGES} messages without audio in {WINDOW_S:g} s"

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


class MessageRateLimit:
    """Counts the messages of one client in fixed windows of `WINDOW_S`, each starting with a message; uses constant memory.

    A client that sends short messages is refused only if it sent more than `MAX_MESSAGES` within `WINDOW_S`, so a steady sender
    below that rate never is.
    """

    def __init__(self) -> None:
        self._began = float("-inf")
        self._count = 0

    def allows(self, now: float, characters: int = 0) -> bool:
        """Count a message of so many characters at `now`, in seconds of any monotonic clock. Return False if it exceeds the limit."""
        if now - self._began >= WINDOW_S:
            self._began, self._count = now, 0
        self._count += 1 + min(characters, MOST_COUNTED) // CHARACTERS
        return self._count <= MAX_MESSAGES


class Consumer(AsyncConsumer):
    """One WebSocket. Subclasses implement `connected`, `text`, `binary` and `disconnected`; a route takes `as_asgi()`.

    `scope` is the connection's ASGI scope, as in every Channels consumer. There is no `channel_layer`: `cluster/pubsub.py` has the one
    channel of the process.

    `makes_client_wait`: whether the server applies back-pressure, that is, stops reading from a socket whose application does not
    call `receive`. uvicorn does, our own Daphne does (config/daphne_server.py), a bare Daphne does not.
    """

    scope: AsgiScope
    user_id: int | None = None
    """The authenticated user, for the log."""
    credentials: RequestCredentials
    makes_client_wait: bool
    base_send: AsgiSend
    _receive: AsgiReceive
    _writer: "asyncio.Task[None] | None" = None

    def __init__(self) -> None:
        self.send_queue = SendQueue(self._write, self._close)
        self._rate_limit = MessageRateLimit()
        self._clock = asyncio.get_running_loop().time

    @property
    def site(self) -> str:
        """The base URL that the client connected to, from its Host header."""
        scheme = "https" if self.scope.get("scheme") == "wss" else "http"
        return f"{scheme}://{self.credentials.headers.get('host', '')}"

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Serve one connection until the client or the server closes it. Yields to the event loop after a few messages."""
        self.scope, self._receive, self.base_send = scope, receive, send
        self.credentials = RequestCredentials.from_scope(scope)
        extensions = scope.get("extensions", {})
        self.makes_client_wait = "websocket.http.response" in extensions or "parley.waits" in extensions
        fair = CooperativeYield()
        try:
            while True:
                message = await self._receive()  # `StreamConsumer` replaces it
                fair.begin_item()
                if message["type"] == "websocket.receive":  # nearly all messages: they save the call of `dispatch`
                    await self.websocket_receive(message)
                else:
                    await self.dispatch(message)
                if fair.ends_turn():
                    await fair.pause()
        except StopConsumer:
            pass
        finally:  # whatever ended the connection; without a writer it was not accepted
            if self._writer is not None:
                self.send_queue.finish()
                await self.disconnected()
        if self._writer is not None:
            await self._writer

    async def dispatch(self, message: AsgiMessage) -> None:
        """Call the method for an ASGI message. Raises ValueError for a message of another type."""
        match message["type"]:
            case "websocket.receive":
                await self.websocket_receive(message)
            case "websocket.connect":
                await self.websocket_connect(message)
            case "websocket.disconnect":
                await self.websocket_disconnect(message)
            case other:
                raise ValueError(f"No handler for message type {other}")

    async def websocket_connect(self, message: AsgiMessage) -> None:
        """Accept the connection with the first subprotocol that the client offers, and start to write."""
        subprotocol = self.credentials.subprotocols[0] if self.credentials.subprotocols else None
        await self.base_send({"type": "websocket.accept", "subprotocol": subprotocol})
        self._writer = asyncio.create_task(self.send_queue.run())
        _open[self._writer] = self.send_queue
        self._writer.add_done_callback(_open.pop)
        await self.connected()

    async def websocket_receive(self, message: AsgiMessage) -> None:
        """Handle a message of the client; drop it if we closed the connection. Only messages without audio count for the rate limit."""
        if self.send_queue.closed:
            return
        if (data := message.get("bytes")) is not None:
            text, audio = "", await self.binary(data)
        else:
            text = message.get("text") or ""
            audio = await self.text(text)
        if not audio and not self._rate_limit.allows(self._clock(), len(text)) and not self.send_queue.closed:
            self.refuse_rate(TOO_MANY_MESSAGES)

    async def websocket_disconnect(self, message: AsgiMessage) -> None:
        """Handle the end of the connection. Raises StopConsumer, which ends the receive loop."""
        raise StopConsumer

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

    async def _write(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _close(self, code: int, reason: str) -> None:
        log_close(self.scope, code, self.user_id)
        short = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        await self.base_send({"type": "websocket.close", "code": code, "reason": short})


async def unknown_path(scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
    """Refuse the handshake of a WebSocket with an unknown path."""
    log_refused_handshake(scope)
    await receive()
    await send({"type": "websocket.close", "code": 1008})
