"""A TCP relay between a browser and a server on this machine, which can be slow, or silent like a network that is gone.

It slows down WebSockets, too, and keeps connections open while nothing arrives.
"""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1400
"""Bytes that are passed on at once: about a packet."""
_LONGEST_QUEUE = 64
"""Chunks on their way in one direction; the sender waits for more."""


RECEIVE_BYTES = 16 * CHUNK
"""Bytes of a connection that wait in the kernel: without a limit they are megabytes, which a sender takes for sent."""


def _listener() -> socket.socket:
    """Return a listening socket whose connections have a small buffer for what they receive."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@dataclass
class Relay:
    """Passes all connections to `port` on.

    `delay_s`: seconds for each direction; `up`, `down`: bytes in a second towards the server and back, 0 for no limit.
    """

    port: int
    delay_s: float = 0.0
    up: int = 0
    down: int = 0
    passing: threading.Event = field(default_factory=threading.Event)
    listener: socket.socket = field(default_factory=_listener)

    @property
    def url(self) -> str:
        """The URL of the server through the relay."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        """Pass connections on until the listener is closed."""
        self.passing.set()
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Let no byte through meanwhile; connections stay open, as both ends of a broken network see them."""
        self.passing.clear()
        yield
        self.passing.set()

    def _connect(self, client: socket.socket) -> None:
        self.passing.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            client.close()
            return
        with client, server:
            threads = []
            for source, target, way in ((client, server, "up"), (server, client, "down")):
                waiting: queue.Queue[tuple[float, bytes]] = queue.Queue(_LONGEST_QUEUE)
                threads.append(threading.Thread(target=self._read, args=(source, waiting), daemon=True))
                threads.append(threading.Thread(target=self._write, args=(target, waiting, way), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _read(self, source: socket.socket, waiting: "queue.Queue[tuple[float, bytes]]") -> None:
        data = b"first"
        while data:
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            waiting.put((time.monotonic() + self.delay_s, data))

    def _write(self, target: socket.socket, waiting: "queue.Queue[tuple[float, bytes]]", way: str) -> None:
        free, data = time.monotonic(), b"first"
        while data:
            due, data = waiting.get()
            self.passing.wait()
            rate = self.up if way == "up" else self.down
            free = max(free, due) + (len(data) / rate if rate else 0.0)
            time.sleep(max(0.0, free - time.monotonic()))
            self.passing.wait()
            with suppress(OSError):  # the target may be gone; what is sent to it is read to its end
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)  # also ends the other direction, as the end of a connection of a browser does


@contextmanager
def relay(port: int, *, delay_s: float = 0.0, up: int = 0, down: int = 0) -> Iterator[Relay]:
    """Run a relay to a port of this machine."""
    one = Relay(port, delay_s, up, down)
    thread = threading.Thread(target=one.accept, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.passing.set()
        with suppress(OSError):
            one.listener.shutdown(socket.SHUT_RDWR)
        one.listener.close()
        thread.join(5)
