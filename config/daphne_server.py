"""Daphne with back-pressure, limits and a drain: the server behind `make run` and `make demo`.

Stock Daphne queues without limit what a client sends, does not wait for a client that does not read, and closes its sockets at once on
SIGTERM (measured in docs/adr/0002-daphne-with-bounds.md). This subclass stops reading from a socket whose application is behind, makes
`send` wait for slow clients, and lets live sessions finish before it exits.

Stock Daphne also collects the whole body of a request before it calls the application. For uploads (`config/uploads.py`) the application
is started when the headers are complete, and the socket is not read while the application is behind.

All names of Twisted, Daphne and Autobahn without a public contract that Parley uses are in this file;
`tests/config/test_private_names.py` has a test for each.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import autobahn.twisted.websocket
import autobahn.websocket.protocol
from daphne import http_protocol
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor
from twisted.internet.tcp import Connection

from config.application_queue import ApplicationQueue
from config.paced_reader import MAX_FRAGMENTS, PacedReader, ReadControl, call_later
from config.upload_paths import is_upload
from config.whole_message import whole_binary
from streaming.types.asgi import AsgiMessage, AsgiScope

logger = logging.getLogger(__name__)

CHECKED_VERSIONS = {"twisted": "26.10.0", "daphne": "4.2.3", "autobahn": "26.10.2"}
"""The versions against which the private names in this file were checked."""
WRITE_AHEAD_BYTES = 256 * 1024
"""Unsent bytes of one connection above which `send` waits."""
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Larger than Parley's own limits, so that the client gets Parley's clear error and not a closed socket."""
MAX_BODY_BYTES = 4 * 1024 * 1024
"""Largest body of an HTTP request; Daphne buffers all of it in memory before it calls the application, except for uploads."""
DISCARD_BYTES = 16 * 1024 * 1024
"""Bytes of an upload that are read and dropped after the response. A client that still sends reads the response only if it is not reset."""
CLOSE_S = 300.0
"""Seconds that an application may run after its client disconnected: recognising the last audio can take minutes under load."""
HEADER_S = 10.0
"""Seconds for the headers of a request, from its first byte; also for the first byte of a new connection."""
BODY_IDLE_S = 30.0
"""Longest pause in seconds within the body of a request; the whole body may take any time."""
KEEP_ALIVE_S = 60.0
"""Longest pause in seconds between two requests of a connection."""
CLOSE_HANDSHAKE_S = 10.0
"""Seconds that a client has to answer a close frame. Autobahn resets the connection after one second; a client that is still sending then
loses the error message and the close code."""
TOO_BIG = 1009
"""Close code for a message that is too large (RFC 6455, section 7.4.1)."""
END_S = 5.0
"""Seconds that cancelled tasks have to end after the server has stopped."""
WRITE_POLL_S = 0.01
LONGEST_WRITE_POLL_S = 0.16
"""Intervals in seconds at which `send` checks whether the client has read. They double, because a thousand checks per second take 20 % of
a core."""


def _unformatted(value: object) -> object:
    """Return an argument of a log line as it is.

    Autobahn colours the arguments of a debug line for each read and each write, before it looks at the log level: 12 us each.
    """
    return value


class BoundedProtocol(WebSocketProtocol):
    """A WebSocket that is read in slices, at a bounded frame rate, and only while its queue has room. Empty messages are allowed."""

    application_queue: ApplicationQueue
    close_reason = ""
    current_frame: Any
    autoPingTimeoutCall: Any
    _reader: PacedReader | None = None
    _frames = 0
    _fragments = 0

    def onConnect(self, request: Any) -> Any:
        """Unregister the HTTP channel as producer, because it would pause and resume reading on its own."""
        self.transport.unregisterProducer()
        return super().onConnect(request)

    def applicationCreateWorked(self, application_queue: ApplicationQueue) -> None:
        """Connect the queue with the reader, which pauses while the queue is blocked or the handshake is not answered yet."""
        control = ReadControl(
            self._parse,
            lambda: application_queue.blocked or self.state == self.STATE_CONNECTING,
            self.transport.pauseProducing,
            self.transport.resumeProducing,
            call_later(reactor._asyncioEventloop),
            self._take_message,
        )
        self._reader = PacedReader(control)
        application_queue.has_room = self._reader.advance
        super().applicationCreateWorked(application_queue)

    def dataReceived(self, data: bytes) -> None:
        """Receive bytes from the transport; the handshake request goes to the parser directly."""
        if self._reader is None:
            super().dataReceived(data)
        else:
            self._reader.feed(data)

    def onOpen(self) -> None:
        """Resume reading after the handshake."""
        super().onOpen()
        if self._reader is not None:
            self._reader.advance()

    def onFrameBegin(self) -> None:
        """Count a frame; close with 1009 if a message has too many fragments, because even empty ones cost memory."""
        self._frames += 1
        if self.current_frame.opcode == 0:
            self._fragments += 1
        elif self.current_frame.opcode < 8:
            self._fragments = 0
        super().onFrameBegin()
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._fail_connection(TOO_BIG, f"a message may have at most {MAX_FRAGMENTS} fragments")

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Stop reading, and notify the application of the closed connection."""
        if self._reader is not None:
            self._reader.close()
        super().onClose(wasClean, code, reason)

    def serverClose(self, code: int | None = None) -> None:
        """Close with a code and the reason of the ASGI message, if any.

        Autobahn's public method rejects standard codes such as 1008, so the close frame is sent with its internal method.
        """
        if self.state == self.STATE_OPEN:
            self.closeHandshakeTimeout = CLOSE_HANDSHAKE_S
            self.sendCloseFrame(code=1000 if code is None else code, reasonUtf8=self.close_reason.encode(), isReply=False)
            self.application_queue.discard_messages()

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write to the socket at once if nothing is unsent, and leave to Twisted what it does not take.

        Twisted registers each write with the event loop, which then writes in its next round: 10 % of the CPU of an echo.
        """
        if not sync and not chopsize and not self.send_queue and self.state == self.STATE_OPEN:
            data = data[_write_at_once(self.transport, data) :]
            if not data:
                return
        super().sendData(data, sync, chopsize)

    def _sendAutoPing(self) -> None:
        """Ping, unless a pong is awaited: with two pings in flight Autobahn accepts only the second pong and drops the client."""
        if self.autoPingTimeoutCall is None:
            super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        """Drop a client that does not answer, unless its pong may be unread because reading from its socket is paused."""
        if self._reader is not None and self._reader.held_back(self.autoPingTimeout):
            self.autoPingPending = self.autoPingTimeoutCall = None  # the server's next round sends a new ping
        else:
            super().onAutoPingTimeout()

    def dropConnection(self, abort: bool = False) -> None:
        """End the TCP connection, without a reset after a clean closing handshake.

        Autobahn resets it even then; clients on Node.js report that as 1006 and reconnect after their stop.
        """
        super().dropConnection(abort=abort and not self.wasClean)

    def handle_reply(self, message: AsgiMessage) -> None:
        """Handle an ASGI message of the application; stock Daphne loses close reasons and empty messages."""
        if message["type"] == "websocket.close":
            self.close_reason = message.get("reason") or ""
        elif message["type"] == "websocket.send" and message.get("text") == "":
            self.sendMessage(b"", False)
            return
        super().handle_reply(message)

    def _take_message(self, data: bytearray) -> int:
        """Pass on the whole binary message that the bytes begin with, without Autobahn's parser; return the bytes of its frame, else 0."""
        between_messages = self.current_frame is None and not self.data and not self.inside_message
        if not between_messages or self.state != self.STATE_OPEN or (found := whole_binary(data)) is None:
            return 0
        self._fragments = 0
        if self.autoPingTimeoutCall and self.autoPingRestartOnAnyTraffic:
            self._cancelAutoPingTimeoutCall()
        payload, size = found
        self.onMessage(payload, True)
        return size

    def _parse(self, data: bytes) -> int:
        before = self._frames
        super().dataReceived(data)
        return self._frames - before


class BoundedChannel(http_protocol.http.HTTPChannel):
    """An HTTP connection with timeouts for the headers as a whole, within a body and between requests; none while a request is answered.

    Twisted has one timeout for all of these, which restarts with each byte.
    """

    _between_requests = True
    _in_body = False

    def connectionMade(self) -> None:
        """Start the timeout for the first request."""
        super().connectionMade()
        self.setTimeout(HEADER_S)

    def resetTimeout(self) -> None:
        """Restart the timeout within a body and at the start of a request, but not within the headers."""
        if self._in_body:
            super().resetTimeout()
        elif self._between_requests:
            self._between_requests = False
            self.setTimeout(HEADER_S)

    def allHeadersReceived(self) -> None:
        """Start the timeout for the body."""
        self._in_body = True
        self.setTimeout(BODY_IDLE_S)
        super().allHeadersReceived()

    def allContentReceived(self) -> None:
        """End the timeout for the body; the application has no timeout here, and WebSockets have their own."""
        self._in_body = False
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """Start the timeout for the next request; bytes of it that are buffered already are read at once."""
        self._between_requests = True
        self._savedTimeOut = KEEP_ALIVE_S
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        """Close the connection, with status 408 if a request has started."""
        if not self._between_requests:
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        super().timeoutConnection()


class BoundedRequest(http_protocol.WebRequest):
    """An HTTP request with a limit for its body; a longer body is rejected with status 413 as early as possible.

    The limit of an upload is that of the application, which gets the body while it arrives.
    """

    streams = False
    """Whether the request is an upload, by its method and path."""
    args: dict[bytes, list[bytes]]
    _received = 0
    _complete = False
    _finished_early = False
    _discarded = 0

    def gotLength(self, length: int | None) -> None:
        """Start the application of an upload, as all headers are there; check the Content-Length of another request, if there is one."""
        channel = self.channel
        self.streams = is_upload(channel._command, channel._path)
        super().gotLength(0 if self.streams else length)
        if self.streams:
            self.method, self.uri, self.clientproto = channel._command, channel._path, channel._version
            self.path, self.args = self.uri.split(b"?", 1)[0], {}
            self.process()
            if self.application_queue is not None:
                self.application_queue.has_room = self._resume
        elif length is not None and length > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Receive a part of the body: of an upload for the application, of another request up to the limit."""
        if self.streams:
            self._pass_on(data)
            return
        self._received += len(data)
        if self._received <= MAX_BODY_BYTES:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Take the end of the body."""
        if not self.streams:
            super().requestReceived(command, path, version)
            return
        self._complete = True
        if self._finished_early:
            super().finish()
        elif self.application_queue is not None:
            self.application_queue.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    def finish(self) -> None:
        """End the request, once its body has been read."""
        if self.streams and not self._complete:
            self._finished_early = True
            self._resume()
        else:
            super().finish()

    def handle_exception(self, exception: Exception) -> None:
        """Respond with 500 if the response has not started, else reset. Stock Daphne raises here, and then reaps no more requests."""
        if not self._response_started:
            super().handle_exception(exception)
        else:
            self.abort_unfinished()

    def abort_unfinished(self) -> None:
        """Reset the connection if the application ended in the middle of its response, so that it does not look complete."""
        responded = self.finished or self._finished_early
        if self._response_started and not responded and self.channel is not None:
            self.channel.transport.abortConnection()

    def _pass_on(self, data: bytes) -> None:
        """Pass a part of an upload on; stop reading while too much is queued. After the response, drop it."""
        if self._finished_early or self.application_queue is None:
            self._discarded += len(data)
            if self._discarded > DISCARD_BYTES:
                self.channel.loseConnection()
        else:
            self.application_queue.put_nowait({"type": "http.request", "body": data, "more_body": True})
            if self.application_queue.blocked:
                self.channel.transport.pauseProducing()

    def _resume(self) -> None:
        if not self._complete and self.channel is not None:
            self.channel.transport.resumeProducing()

    def _refuse(self) -> None:
        body = f'{{"message": "The body of a request may be at most {MAX_BODY_BYTES} bytes."}}'.encode()
        head = (
            f"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.channel.transport.write(head.encode() + body)
        self.channel.loseConnection()


class BoundedServer(Server):
    """Daphne with back-pressure towards clients and applications, and a drain at shutdown.

    Args:
        drain: awaited on SIGTERM and SIGINT before anything is closed.
        started: called once with the listening port.
    """

    def __init__(self, application: Any, *, drain: Callable[[], Awaitable[None]], started: Callable[[int], None], **options: Any) -> None:
        bounds = {"websocket_max_message_size": MAX_MESSAGE_BYTES, "application_close_timeout": CLOSE_S}
        super().__init__(application, signal_handlers=False, **bounds, **options)
        self.websocket_max_frame_size = MAX_MESSAGE_BYTES
        self._drain = drain
        self._started = started
        self._stopping: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; a second signal skips the drain."""
        WebSocketFactory.protocol = BoundedProtocol  # the base class creates its factories inside run()
        http_protocol.WebRequest = BoundedRequest
        http_protocol.HTTPFactory.protocol = BoundedChannel
        for module in (autobahn.twisted.websocket, autobahn.websocket.protocol):
            module.hltype = module.hlval = _unformatted  # type: ignore[attr-defined]  # they are imported there, not exported
        loop = reactor._asyncioEventloop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        super().run()
        _end_tasks(loop)

    def create_application(self, protocol: Any, scope: AsgiScope) -> ApplicationQueue | None:
        """Start the application of one connection, behind a bounded queue."""
        queue = ApplicationQueue(upload=getattr(protocol, "streams", False))
        scope.setdefault("asgi", {"version": "3.0"})
        scope.setdefault("extensions", {})["parley.waits"] = {}

        async def send(message: AsgiMessage) -> None:
            await self.handle_reply(protocol, message)
            await self._wait_until_written(protocol)

        if protocol not in self.connections:
            return None
        run = self._run_to_end(protocol, self.application(scope=scope, receive=queue.get, send=send))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(run, loop=reactor._asyncioEventloop)
        return queue

    @staticmethod
    async def _run_to_end(protocol: Any, application: Awaitable[None]) -> None:
        """Run the application of one connection; reset the connection if it leaves an HTTP response unfinished."""
        try:
            await application
        finally:
            if isinstance(protocol, BoundedRequest):
                protocol.abort_unfinished()

    def listen_success(self, port: Any) -> None:
        """Call `started` with the port, which the system chose if the configured port is 0."""
        super().listen_success(port)
        self._started(port.getHost().port)

    def listen_error(self, failure: Any) -> None:
        """Print why the server cannot start, in one line, and exit."""
        sys.stderr.write(f"cannot bind: {failure.getErrorMessage()}\n")
        super().listen_error(failure)

    async def _wait_until_written(self, protocol: Any) -> None:
        """Wait while too much is unsent; polls, because Twisted notifies only its own producers."""
        pause = WRITE_POLL_S
        while _unsent(protocol) > WRITE_AHEAD_BYTES and self._connected(protocol):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_WRITE_POLL_S)

    def _connected(self, protocol: Any) -> bool:
        details = self.connections.get(protocol)
        return details is not None and not details.get("disconnected")

    def _on_signal(self) -> None:
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._drain_and_stop())
        else:
            self.stop()

    async def _drain_and_stop(self) -> None:
        try:
            for listener in self.listeners:
                listener.addCallback(lambda port: port.stopListening())
            await self._drain()
        finally:
            self.stop()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the remaining tasks and let them end, as `asyncio.run` does; tasks left at interpreter exit can crash it."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=END_S))


def _write_at_once(transport: Any, data: bytes) -> int:
    """Return how many bytes the socket of a plain TCP connection took: none while others wait or the connection ends."""
    if not isinstance(transport, Connection) or transport.TLS or not transport.connected or transport.disconnecting:
        return 0
    if _unsent_of(transport):
        return 0
    written = transport.writeSomeData(data)
    return written if isinstance(written, int) else 0  # a lost connection is handled where Twisted writes


def _unsent(protocol: Any) -> int:
    """Return the unsent bytes of a connection."""
    channel = getattr(protocol, "channel", None)
    return _unsent_of(getattr(protocol, "transport", None) or getattr(channel, "transport", None))


def _unsent_of(transport: Any) -> int:
    """Return the unsent bytes of a transport, from private attributes because Twisted has no public ones."""
    return len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0) + getattr(transport, "_tempDataLen", 0)
