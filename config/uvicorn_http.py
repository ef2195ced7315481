"""Bounds for HTTP pipelines on uvicorn, whose parser takes all requests that it can read at once.

Stock uvicorn parses up to 256 KiB of requests in one step of the event loop, reads on while they wait, and does not tell a running
request of a pipeline that its client left: its next write raises in uvloop. Uses uvicorn's protocol class beyond its public interface;
`tests/config/test_pipelines.py` fails when a release changes it.
"""

import asyncio
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PARSE_BYTES = 512
"""Parsed at a time, until a request waits behind the running one: about 20 requests at most."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """An HTTP connection that parses no further while a request waits behind the running one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unparsed = b""
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with reading that goes on only when all was parsed."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._parse(self.unparsed + data)

    def on_response_complete(self) -> None:
        """Start the request that waits, and parse what follows it."""
        super().on_response_complete()
        self._parse(self.unparsed)
        self.flow.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running request, too, where a later one was parsed: uvicorn tells the latest only."""
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
            super().data_received(data[at : at + PARSE_BYTES])
            at += PARSE_BYTES
        self.unparsed = data[at:]
        if self.unparsed:
            self.flow.pause_reading()


class _Flow(FlowControl):
    """Reading that is not resumed while bytes wait to be parsed: Django asks for more as soon as a request is complete."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedHttpProtocol) -> None:
        super().__init__(transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Read from the client again."""
        if not self._protocol.unparsed:
            super().resume_reading()


def install() -> None:
    """Have uvicorn make bounded connections: it has chosen its class when it imports the application."""

    def new(_: type[HttpToolsProtocol], *args: Any, **kwargs: Any) -> BoundedHttpProtocol:
        return object.__new__(BoundedHttpProtocol)

    HttpToolsProtocol.__new__ = new  # type: ignore[method-assign, assignment]
