"""A small HTTP server for tests, whose responses are functions that write to the connection."""

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass
class Received:
    """One request: its first line, its headers by lower-case name, and its body."""

    line: str
    headers: dict[str, str]
    body: bytes


Responder = Callable[[Received, BinaryIO], None]


@dataclass
class Receiver:
    """A running server, and the requests that it received."""

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Received]:
        """Return the requests once there are `count` of them; fail after the time-out."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout), f"{len(self.requests)} of {count} requests came"
            return list(self.requests)


def answer(status: int, body: bytes = b"", **headers: str) -> Responder:
    """Return a responder with this status, body and headers (`_` in names stands for `-`)."""

    def respond(request: Received, out: BinaryIO) -> None:
        lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        out.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return respond


@contextlib.contextmanager
def http_server(respond: Responder, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a server on a free port of 127.0.0.1 until the block ends."""
    receiver = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                line = self.rfile.readline().decode("latin-1").strip()
                headers = {}
                while (text := self.rfile.readline().decode("latin-1").strip()) != "":
                    name, _, value = text.partition(":")
                    headers[name.lower()] = value.strip()
                request = Received(line, headers, self.rfile.read(int(headers.get("content-length", 0))))
                with receiver.arrived:
                    receiver.requests.append(request)
                    receiver.arrived.notify_all()
                respond(request, self.wfile)  # type: ignore[arg-type]

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True
        block_on_close = False

        def get_request(self):  # type: ignore[no-untyped-def]
            connection, address = super().get_request()
            return (tls.wrap_socket(connection, server_side=True), address) if tls else (connection, address)

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
