"""A connection whose every wait can be ended: httpcore's interface of a network stream over a socket that never blocks.

httpcore's own connects and makes TLS in one blocking call each, which nothing can end before its time limit.
"""

import errno
import select
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpcore

from insights.public_addresses import Address

T = TypeVar("T")

WAIT_S = 0.5
"""Longest wait in seconds between two calls of `RequestDeadline.check`."""
STEP_S = 20.0
"""Seconds that one connect, read or write may take."""
WRITE_BYTES = 65536


def _nothing() -> None:
    """Do nothing."""


class RequestDeadline:
    """The end of a request with all its hops. `check` is called during each wait, and may raise to end the request."""

    def __init__(self, limit_s: float, check: Callable[[], None] = _nothing) -> None:
        self.limit_s, self.check = limit_s, check
        self._end = time.monotonic() + limit_s

    def left(self) -> float:
        """Return the seconds that are left. Raises httpcore.ReadTimeout if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def step(self, timeout: float | None) -> float:
        """Return the seconds that one operation may take."""
        return min(self.left(), STEP_S if timeout is None else timeout)


class CheckedStream(httpcore.NetworkStream):
    """A connection whose operations end at the deadline, and when its check raises."""

    def __init__(self, connected: socket.socket, deadline: RequestDeadline) -> None:
        self._socket, self._deadline = connected, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes, and return what has arrived; nothing at the end."""
        try:
            return self._when_ready(partial(self._socket.recv, max_bytes), select.POLLIN, timeout, httpcore.ReadTimeout)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all bytes, in parts, each within the time that is left."""
        rest = memoryview(buffer)
        try:
            while rest:
                send = partial(self._socket.send, rest[:WRITE_BYTES])
                rest = rest[self._when_ready(send, select.POLLOUT, timeout, httpcore.WriteTimeout) :]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from None

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection with TLS; `server_hostname` is the host of the URL. A failure closes it."""
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname, do_handshake_on_connect=False)
            stream = CheckedStream(secured, self._deadline)
            self._socket = secured  # the former one is detached
            stream._when_ready(secured.do_handshake, select.POLLIN, timeout, httpcore.ConnectTimeout)
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from None
        except BaseException:
            self.close()
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for: the TLS socket, the addresses, and whether bytes or the end wait to be read."""
        match info:
            case "ssl_object":
                return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
            case "socket":
                return self._socket
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case "is_readable":
                return self._socket.fileno() < 0 or bool(_ready(self._socket, select.POLLIN, 0.0))
            case _:
                return None

    def _when_ready(self, work: Callable[[], T], flag: int, timeout: float | None, late: type[Exception]) -> T:
        """Return what `work` returns once the socket lets it go on. Raises `late`, what the check raises, and OSError."""
        end = time.monotonic() + self._deadline.step(timeout)
        while True:
            try:
                return work()
            except ssl.SSLWantReadError:
                wanted = select.POLLIN
            except ssl.SSLWantWriteError:
                wanted = select.POLLOUT
            except BlockingIOError:
                wanted = flag
            _wait(self._socket, wanted, end, self._deadline, late)


def connect(address: Address, port: int, deadline: RequestDeadline, timeout: float | None) -> CheckedStream:
    """Return a connection to an address. Raises httpcore.ConnectError, httpcore.ConnectTimeout, and what the check raises."""
    end = time.monotonic() + deadline.step(timeout)
    opened = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = opened.connect_ex((str(address), port))
        if code == errno.EINPROGRESS:
            _wait(opened, select.POLLOUT, end, deadline, httpcore.ConnectTimeout)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise httpcore.ConnectError(errno.errorcode.get(code, str(code)))
    except OSError as error:
        opened.close()
        raise httpcore.ConnectError(str(error)) from None
    except BaseException:
        opened.close()
        raise
    return CheckedStream(opened, deadline)


def _wait(waiting: socket.socket, flag: int, end: float, deadline: RequestDeadline, late: type[Exception]) -> None:
    """Wait until a socket is ready, or has failed. Raises `late` after the end, and what the check raises."""
    while True:
        deadline.check()
        left = end - time.monotonic()
        if left <= 0:
            raise late
        if _ready(waiting, flag, min(WAIT_S, left)):
            return


def _ready(waiting: socket.socket, flag: int, within_s: float) -> bool:
    poll = select.poll()  # unlike select, without a limit of the descriptor's number
    poll.register(waiting, flag)
    return bool(poll.poll(1000 * within_s))
