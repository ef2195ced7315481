"""uvicorn's WebSocket protocol with back-pressure below the application, for `uvicorn config.asgi:application`.

uvicorn chooses its protocol class before it imports the application, so `install` makes the chosen class create ours. Only the
implementation of `--ws auto` and `--ws websockets-sansio` is changed. `tests/config/test_private_names.py` names what breaks if a release
changes a name that has no public contract.
"""

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.protocol import State

from config.paced_reader import MAX_FRAGMENTS, PacedReader, ReadControl, call_later

if TYPE_CHECKING:
    from websockets.frames import Frame


CHECKED_VERSIONS = {"uvicorn": "0.54.0", "websockets": "17.4"}
"""The versions against which the private names in this file were checked; of websockets 15.0.1 too, the newest one beside Gradio 5."""
MAX_LENGTH = 0xFFFF
"""The most bytes of a frame whose length is written in two bytes."""

_WHOLE_TEXT = 0x81
_LENGTH_16, _LENGTH_64 = 126, 127


class PacedWebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that is read in slices and at a bounded frame rate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        control = ReadControl(self._parse, lambda: self.read_paused, self._pause, self._resume, call_later(self.loop))
        self._reader = PacedReader(control)

    def data_received(self, data: bytes) -> None:
        """Receive bytes from the transport."""
        self._reader.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop reading, and notify the application of the closed connection."""
        self._reader.close()
        super().connection_lost(exc)

    def handle_cont(self, event: "Frame") -> None:
        """Receive a fragment; close if a message has too many fragments, because even empty ones cost memory."""
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, f"a message may have at most {MAX_FRAGMENTS} fragments")
            self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Close if no pong came in time, unless the pong may be unread because reading is paused."""
        if self.ping_timeout is not None and self._reader.held_back(self.ping_timeout):
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()

    async def receive(self) -> Any:
        """Return the next message to the application; resume reading when the queue is empty."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._reader.advance()
        return message

    async def send(self, message: Any) -> None:
        """Send a message of the application; after a close, keep reading for the client's closing handshake."""
        text = message.get("text")
        if text is not None and self._writes_frames and self.writable.is_set():  # docs/adr/0141-text-frames.md
            self.transport.write(text_frame(text))
            return
        await super().send(message)
        if self.close_sent:
            self._reader.advance()

    @property
    def _writes_frames(self) -> bool:
        """Whether the connection is open, without extensions: then a text is one frame, which the parser need not write."""
        conn = self.conn
        return conn.state is State.OPEN and self.handshake_complete and not (self.close_sent or self.disconnected or conn.extensions)

    def _parse(self, data: bytes) -> int:
        self.conn.receive_data(data)
        frames = len(self.conn.events)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
        else:
            self.handle_events()
        if self.transport.is_closing():
            self._reader.close()
        return frames

    def _pause(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()


def text_frame(text: str) -> bytes:
    """Return the frame with a text of the server, which is not masked (RFC 6455, section 5.2)."""
    data = text.encode()
    length = len(data)
    if length < _LENGTH_16:
        return bytes((_WHOLE_TEXT, length)) + data
    if length <= MAX_LENGTH:
        return struct.pack("!BBH", _WHOLE_TEXT, _LENGTH_16, length) + data
    return struct.pack("!BBQ", _WHOLE_TEXT, _LENGTH_64, length) + data


def install() -> None:
    """Make uvicorn create `PacedWebSocketProtocol` instead of its base class."""

    def create(cls: type[WebSocketsSansIOProtocol], *args: Any, **kwargs: Any) -> asyncio.Protocol:
        return object.__new__(PacedWebSocketProtocol if cls is WebSocketsSansIOProtocol else cls)

    setattr(WebSocketsSansIOProtocol, "__new__", staticmethod(create))  # noqa: B010  # mypy allows no assignment to a method
