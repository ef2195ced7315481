"""Limits for HTTP pipelining on uvicorn, whose parser processes all requests that it can read at once.

Stock uvicorn parses up to 256 KiB of requests in one callback of the event loop and keeps reading while they wait. It does not notify a
running request of a pipeline that its client disconnected, so the next write raises in uvloop. This module uses private parts of
uvicorn's protocol class; `tests/config/test_private_names.py` names what breaks if a release changes one, and
`tests/config/test_pipelines.py` tests the behaviour.
"""

import asyncio
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

CHECKED_VERSIONS = {"uvicorn": "0.54.0"}
"""The version against which the private names in this file were checked."""
PARSE_BYTES = 512
"""Bytes parsed at a time until a request waits behind the running one: about 20 requests at most."""
HEAD_BYTES = 16 * 1024
"""Largest request line and headers of one request in bytes, as on Daphne; also of the trailers of a body. uvicorn itself has no limit."""

DISCARD_BYTES = 16 * 1024 * 1024
"""Bytes of a body that are read and dropped after the response, as on Daphne."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """An HTTP connection that stops parsing while a request waits behind the running one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unparsed = b""
        self._running: RequestResponseCycle | None = None
        self._head_bytes = self._discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the connection with a flow control that resumes reading only when everything was parsed."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self)

    def data_received(self, data: bytes) -> None:
        """Receive bytes from the client."""
        self._parse(self.unparsed + data)

    def on_message_begin(self) -> None:
        """Begin to count the bytes of a request's line and headers."""
        self._head_bytes = self._discarded = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; trailers may follow it. What follows the response is dropped, up to a limit."""
        self._head_bytes = 0
        if self.cycle is not None and self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > DISCARD_BYTES:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; the head of the next one follows."""
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the waiting request and parse what follows it."""
        super().on_response_complete()
        self._parse(self.unparsed)
        self.flow.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the running request too; uvicorn notifies only the request that was parsed last."""
        running, self._running, self.unparsed = self._running, None, b""
        self.pipeline.clear()
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self.pipeline and not self.transport.is_closing() and self.transport.get_protocol() is self:
            piece = data[at : at + PARSE_BYTES]
            self._head_bytes += len(piece)
            super().data_received(piece)
            at += PARSE_BYTES
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self._refuse_head()
                return
        self.unparsed = data[at:]
        if self.unparsed:
            self.flow.pause_reading()

    def _refuse_head(self) -> None:
        self.unparsed = b""
        if self._running is None or self._running.response_complete:  # else it would be written into another response
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.transport.close()


class _Flow(FlowControl):
    """A flow control that does not resume reading while bytes wait to be parsed; Django requests it after each complete request."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedHttpProtocol) -> None:
        super().__init__(transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Resume reading, unless bytes wait to be parsed."""
        if not self._protocol.unparsed:
            super().resume_reading()


def install() -> None:
    """Make uvicorn create bounded connections; it chooses its protocol class before it imports the application."""

    def new(_: type[HttpToolsProtocol], *args: Any, **kwargs: Any) -> BoundedHttpProtocol:
        return object.__new__(BoundedHttpProtocol)

    HttpToolsProtocol.__new__ = new  # type: ignore[method-assign, assignment]
