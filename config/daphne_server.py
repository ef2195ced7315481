"""Daphne with bounds and a drain: the server behind `make run` and `make demo`.

Stock Daphne queues without limit what a client sends, does not wait for a client that does not read, and on SIGTERM
drops its sockets at once (measured in docs/adr/0002-daphne-with-bounds.md). This subclass stops reading from a socket
whose application is behind, makes `send` wait for a slow reader, and lets live sessions finish before it goes.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from daphne import http_protocol
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor

from config.paced_reader import MAX_FRAGMENTS, PacedReader, ReadControl, call_later

logger = logging.getLogger(__name__)

READ_AHEAD_BYTES = 256 * 1024
"""Unread bytes of one socket at which reading from it stops; it goes on at half of that."""
MESSAGE_BYTES = 512
"""What a waiting message weighs besides its payload, so that empty ones are bounded, too."""
WRITE_AHEAD_BYTES = 256 * 1024
"""Unsent bytes of one connection at which `send` begins to wait."""
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Above Parley's own limits, so that the client gets Parley's clear error and not a closed socket."""
MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body of an HTTP request; Daphne holds all of it in memory before the application sees a byte."""
CLOSE_S = 300.0
"""How long an application may go on with what a client sent before it hung up: hearing it can take minutes under load."""
HEADER_S = 10.0
"""Time for the headers of a request, from its first byte; and for the first byte of a new connection."""
BODY_IDLE_S = 30.0
"""Longest pause within a request's body, which as a whole may take any time."""
KEEP_ALIVE_S = 60.0
"""Longest pause between two requests of a connection."""
TOO_BIG = 1009
"""Close code for a message that is too large (RFC 6455, section 7.4.1)."""
END_S = 5.0
"""How long cancelled tasks have for their end when the server has ended."""
WRITE_POLL_S = 0.01
LONGEST_WRITE_POLL_S = 0.16
"""How often `send` looks whether the client has read: ever more seldom, for a thousand looks a second cost a fifth of a core."""


class WaitingQueue(asyncio.Queue[dict[str, Any]]):
    """The queue from one socket to its application; while too much waits in it, `blocked` is true and the socket is not read from."""

    def __init__(self) -> None:
        super().__init__()
        self.has_room: Callable[[], None] = lambda: None
        """Called when it is blocked no longer."""
        self.waiting_bytes = 0
        self.blocked = False

    def put_nowait(self, item: dict[str, Any]) -> None:
        """Take one ASGI message from the server; it weighs as much as its payload and the objects around it."""
        self.waiting_bytes += _size(item)
        self.blocked = self.blocked or self.waiting_bytes > READ_AHEAD_BYTES
        super().put_nowait(item)

    async def get(self) -> dict[str, Any]:
        """Give the next ASGI message to the application."""
        item = await super().get()
        self.waiting_bytes -= _size(item)
        if self.blocked and self.waiting_bytes < READ_AHEAD_BYTES // 2:
            self.blocked = False
            self.has_room()
        return item


def _size(item: dict[str, Any]) -> int:
    return MESSAGE_BYTES + len(item.get("bytes") or item.get("text") or b"")


class BoundedProtocol(WebSocketProtocol):
    """A WebSocket that is read in slices, at a bounded frame rate and no faster than its queue empties; its messages may be empty."""

    application_queue: WaitingQueue
    close_reason = ""
    _reader: PacedReader | None = None
    _frames = 0
    _fragments = 0

    def onConnect(self, request: Any) -> Any:
        """Take over from the HTTP channel, which would start and stop the reading for reasons of its own."""
        self.transport.unregisterProducer()
        return super().onConnect(request)

    def applicationCreateWorked(self, application_queue: WaitingQueue) -> None:
        """Let the queue stop and start the reading of this socket; what comes before the handshake is answered waits for that."""
        control = ReadControl(
            self._parse,
            lambda: application_queue.blocked or self.state == self.STATE_CONNECTING,
            self.transport.pauseProducing,
            self.transport.resumeProducing,
            call_later(reactor._asyncioEventloop),
        )
        self._reader = PacedReader(control)
        application_queue.has_room = self._reader.advance
        super().applicationCreateWorked(application_queue)

    def dataReceived(self, data: bytes) -> None:
        """Take what the transport read; the request itself goes to the parser at once."""
        if self._reader is None:
            super().dataReceived(data)
        else:
            self._reader.feed(data)

    def onOpen(self) -> None:
        """Read on after the handshake was answered."""
        super().onOpen()
        if self._reader is not None:
            self._reader.advance()

    def onFrameBegin(self) -> None:
        """Count a frame; a message of too many fragments is refused, since even empty ones cost memory."""
        self._frames += 1
        if self.current_frame.opcode == 0:
            self._fragments += 1
        elif self.current_frame.opcode < 8:
            self._fragments = 0
        super().onFrameBegin()
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._fail_connection(TOO_BIG, f"a message may have at most {MAX_FRAGMENTS} fragments")

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Tell the application that the connection is gone."""
        if self._reader is not None:
            self._reader.close()
        super().onClose(wasClean, code, reason)

    def serverClose(self, code: int | None = None) -> None:
        """Close with a code, and with the reason of the ASGI message where it had one.

        Autobahn's public method refuses the standard's own codes, such as 1008, so the frame is sent as it does itself.
        """
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=1000 if code is None else code, reasonUtf8=self.close_reason.encode(), isReply=False)

    def _sendAutoPing(self) -> None:
        """Ping, unless a pong is awaited: of two pings at a time Autobahn knows the answer to the second only, and drops for the first."""
        if self.autoPingTimeoutCall is None:
            super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        """Drop a client that does not answer; not one whose answer waits because we do not read from its socket."""
        if self._reader is not None and self._reader.held_back(self.autoPingTimeout):
            self.autoPingPending = self.autoPingTimeoutCall = None  # the next ping comes with the server's next round
        else:
            super().onAutoPingTimeout()

    def dropConnection(self, abort: bool = False) -> None:
        """End the TCP connection, in order where the closing handshake was.

        Autobahn resets it even then, and node's clients report that as 1006 and connect again after their stop.
        """
        super().dropConnection(abort=abort and not self.wasClean)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Do what the application says; stock Daphne loses the close reason and empty messages."""
        if message["type"] == "websocket.close":
            self.close_reason = message.get("reason") or ""
        elif message["type"] == "websocket.send" and message.get("text") == "":
            self.sendMessage(b"", False)
            return
        super().handle_reply(message)

    def _parse(self, data: bytes) -> int:
        before = self._frames
        super().dataReceived(data)
        return self._frames - before


class BoundedChannel(http_protocol.http.HTTPChannel):
    """An HTTP connection with time limits: for headers as a whole, within a body, and between requests; none while a request is answered.

    Twisted has one limit for all of these, which each byte sets back.
    """

    _between_requests = True
    _in_body = False

    def connectionMade(self) -> None:
        """Begin to wait for the first request."""
        super().connectionMade()
        self.setTimeout(HEADER_S)

    def resetTimeout(self) -> None:
        """Set the time back where the bytes that came count: in a body, and at the begin of a request."""
        if self._in_body:
            super().resetTimeout()
        elif self._between_requests:
            self._between_requests = False
            self.setTimeout(HEADER_S)

    def allHeadersReceived(self) -> None:
        """Begin to wait for the body."""
        self._in_body = True
        self.setTimeout(BODY_IDLE_S)
        super().allHeadersReceived()

    def allContentReceived(self) -> None:
        """Wait for the application, which has no limit here; a WebSocket that follows has its own."""
        self._in_body = False
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """Begin to wait for the next request; what was sent of it already is read at once."""
        self._between_requests = True
        self._savedTimeOut = KEEP_ALIVE_S
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        """Close the connection, with an answer where a request has begun."""
        if not self._between_requests:
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        super().timeoutConnection()


class BoundedRequest(http_protocol.WebRequest):
    """An HTTP request whose body has a limit; one that is longer is answered with 413 as soon as that is known."""

    _received = 0

    def gotLength(self, length: int | None) -> None:
        """Look at the length that the client announces, where it does."""
        super().gotLength(length)
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Take a part of the body, up to the limit."""
        self._received += len(data)
        if self._received <= MAX_BODY_BYTES:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def handle_exception(self, exception: Exception) -> None:
        """Answer 500 where nothing was answered yet. Amid an answer stock Daphne raises, and never reaps a request again."""
        if not self._response_started:
            super().handle_exception(exception)
        else:
            self.abort_unfinished()

    def abort_unfinished(self) -> None:
        """Reset the connection of an answer whose application ended in the middle of it: a part must not look like a whole."""
        if self._response_started and not self.finished and self.channel is not None:
            self.channel.transport.abortConnection()

    def _refuse(self) -> None:
        body = f'{{"message": "The body of a request may be at most {MAX_BODY_BYTES} bytes."}}'.encode()
        head = (
            f"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.channel.transport.write(head.encode() + body)
        self.channel.loseConnection()


class BoundedServer(Server):
    """Daphne that waits for its applications, for its clients, and for live sessions at the end.

    Args:
        drain: awaited on SIGTERM and SIGINT before anything is closed.
        started: called once with the port that is listened on.
    """

    def __init__(self, application: Any, *, drain: Callable[[], Awaitable[None]], started: Callable[[int], None], **options: Any) -> None:
        bounds = {"websocket_max_message_size": MAX_MESSAGE_BYTES, "application_close_timeout": CLOSE_S}
        super().__init__(application, signal_handlers=False, **bounds, **options)
        self.websocket_max_frame_size = MAX_MESSAGE_BYTES
        self._drain = drain
        self._started = started
        self._stopping: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a second signal does not wait any more."""
        WebSocketFactory.protocol = BoundedProtocol  # the base class makes its factories inside run()
        http_protocol.WebRequest = BoundedRequest
        http_protocol.HTTPFactory.protocol = BoundedChannel
        loop = reactor._asyncioEventloop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        super().run()
        _end_tasks(loop)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> WaitingQueue | None:
        """Start the application of one connection, with a bounded queue in front of it."""
        queue = WaitingQueue()
        scope.setdefault("asgi", {"version": "3.0"})
        scope.setdefault("extensions", {})["parley.waits"] = {}

        async def send(message: dict[str, Any]) -> None:
            await self.handle_reply(protocol, message)
            await self._written(protocol)

        if protocol not in self.connections:
            return None
        run = self._run_to_end(protocol, self.application(scope=scope, receive=queue.get, send=send))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(run, loop=reactor._asyncioEventloop)
        return queue

    @staticmethod
    async def _run_to_end(protocol: Any, application: Awaitable[None]) -> None:
        """Run the application of one connection; an HTTP answer that it leaves unfinished is broken off at once."""
        try:
            await application
        finally:
            if isinstance(protocol, BoundedRequest):
                protocol.abort_unfinished()

    def listen_success(self, port: Any) -> None:
        """Tell the port, which the system chose when 0 was asked for."""
        super().listen_success(port)
        self._started(port.getHost().port)

    def listen_error(self, failure: Any) -> None:
        """Say why there is no server, in one line, and end."""
        sys.stderr.write(f"Parley cannot listen: {failure.getErrorMessage()}\n")
        super().listen_error(failure)

    async def _written(self, protocol: Any) -> None:
        """Wait while the client has not read what was sent before; Twisted tells nobody but its own producers."""
        pause = WRITE_POLL_S
        while _unsent(protocol) > WRITE_AHEAD_BYTES and self._connected(protocol):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_WRITE_POLL_S)

    def _connected(self, protocol: Any) -> bool:
        details = self.connections.get(protocol)
        return details is not None and not details.get("disconnected")

    def _on_signal(self) -> None:
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop_gently())
        else:
            self.stop()

    async def _stop_gently(self) -> None:
        try:
            for listener in self.listeners:
                listener.addCallback(lambda port: port.stopListening())
            await self._drain()
        finally:
            self.stop()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still waits on the loop and let it end, as `asyncio.run` does; left to the interpreter's end, such tasks can crash it."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=END_S))


def _unsent(protocol: Any) -> int:
    """Return the bytes that Twisted holds for a connection; it offers no public figure."""
    channel = getattr(protocol, "channel", None)
    transport = getattr(protocol, "transport", None) or getattr(channel, "transport", None)
    return len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0) + getattr(transport, "_tempDataLen", 0)
