"""Frames between the processes of one machine, over Unix stream sockets in a private folder.

Each process that receives has one socket file; its name is the process's id. A thread of its own does all socket work, so that no event
loop waits for another process, and so that synchronous code, which runs a new event loop for each call, sends and receives as well.
Frames may be lost: at the limit of a queue, and when a process ends.
"""

import atexit
import errno
import logging
import os
import selectors
import socket
import stat
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4
from weakref import WeakSet

from insights.safe_log import error_location

logger = logging.getLogger(__name__)

LONGEST_FRAME = 8 * 1024 * 1024
"""Bytes of one frame. A longer one is not sent."""
MOST_QUEUED, MOST_QUEUED_BYTES = 1000, 16 * 1024 * 1024
"""Frames, and their bytes, that wait for one process which does not read; the oldest are dropped."""
MOST_CONNECTIONS = 256
"""Connections of other processes; further ones are closed."""
READ_BYTES = 65_536
RETRY_S = 0.2
"""Seconds between two tries to connect to a process that accepts no connection, since it is suspended."""
FLUSH_S = 1.0
"""Seconds that the end of a process waits until its last frames are sent."""
SETTLED_NS = 3_000_000_000
"""Age in nanoseconds from which the modification time of the folder shows every change, also where file times have whole seconds."""
LONGEST_PATH = 107
"""Bytes of a socket's path, a limit of the kernel."""
_ID_LENGTH = 12
_HEX = frozenset("0123456789abcdef")
_LENGTH = struct.Struct(">I")
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class FolderError(Exception):
    """The folder cannot hold private sockets; the text says why."""


class _Link:
    """The connection to another process, and the frames that wait for it."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.started = memoryview(b"")
        """The rest of the frame that was sent in part."""
        self._frames: deque[bytes] = deque()
        self._bytes = 0

    def put(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        while len(self._frames) > MOST_QUEUED or (self._bytes > MOST_QUEUED_BYTES and len(self._frames) > 1):
            self.take()

    def take(self) -> bytes:
        frame = self._frames.popleft() if self._frames else b""
        self._bytes -= len(frame)
        return frame

    @property
    def empty(self) -> bool:
        return not self.started and not self._frames


class LocalSockets:
    """The socket of this process in a folder, and its connections to the others there.

    `receive` is called in the thread, with each frame that another process sent.
    """

    def __init__(self, folder: Path, receive: Callable[[bytes], None]) -> None:
        self._folder = folder
        self._receive = receive
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self.id = uuid4().hex[:_ID_LENGTH]
        self._lock = threading.Lock()
        self._links: dict[str, _Link] = {}
        self._queued: set[str] = set()
        """Processes for which frames were queued that the thread has not seen."""
        self._retry: set[str] = set()
        """Processes that accepted no connection."""
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._warned = False
        self._names: tuple[str, ...] = ()
        self._scanned = 0
        self._connections = 0
        self._selector = selectors.DefaultSelector()
        self._wake_up, self._wake = socket.socketpair()
        for end in (self._wake_up, self._wake):
            end.setblocking(False)
        self._selector.register(self._wake_up, _READ, self._drain)

    # -- any thread

    def listen(self) -> None:
        """Let other processes send to this one; does nothing if they can. A failure is logged: then they cannot."""
        if self._listener is not None:
            return
        with self._lock:
            if self._listener is not None or self._closing:
                return
            try:
                self._listener = self._bind()
            except (OSError, FolderError) as error:
                self._warn(error)
                return
            self._selector.register(self._listener, _READ, self._accept)
            self._start()

    def others(self) -> Sequence[str]:
        """Return the ids of the other processes that have a socket; one that was killed is among them until a frame is sent to it."""
        try:
            changed = os.stat(self._folder).st_mtime_ns
        except OSError:
            return ()
        if changed != self._scanned:
            try:
                names = os.listdir(self._folder)
            except OSError as error:
                self._warn(error)
                names = []
            self._names = tuple(name for name in names if is_id(name) and name != self.id)
            self._scanned = changed if time.time_ns() - changed > SETTLED_NS else 0
        return self._names

    def send(self, to: str, frame: bytes) -> None:
        """Queue a frame for another process; return at once. It is lost if that process has ended."""
        if len(frame) > LONGEST_FRAME:
            logger.warning("a message of %d bytes was not sent to another process: at most %d are allowed", len(frame), LONGEST_FRAME)
            return
        with self._lock:
            if self._closing:
                return
            self._links.setdefault(to, _Link()).put(_LENGTH.pack(len(frame)) + frame)
            wake = not self._queued
            self._queued.add(to)
            self._start()
        if wake:
            self._wake_thread()

    def close(self) -> None:
        """Send what is queued, for FLUSH_S at most, and remove the socket. Nothing is sent or received afterwards."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            thread = self._thread
        if thread is not None:
            self._wake_thread()
            thread.join(2 * FLUSH_S)
        self._release()
        if self._listener is not None:
            with suppress(OSError):
                (self._folder / self.id).unlink()

    def forget_parent(self) -> None:
        """Leave the sockets of the parent process to it: called in a process that was forked."""
        if not self._closing:
            self._release()
            self._reset()

    def _release(self) -> None:
        for key in list((self._selector.get_map() or {}).values()):  # None: it is closed
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        self._wake.close()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="local-sockets", daemon=True)
            self._thread.start()

    def _wake_thread(self) -> None:
        with suppress(OSError):  # it is awake, or closed
            self._wake.send(b"\0")

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            text = error if isinstance(error, FolderError) else getattr(error, "strerror", None) or type(error).__name__
            logger.warning("no socket in %s (%s): other processes with this DATA_DIR are notified late, by polling", self._folder, text)

    def _bind(self) -> socket.socket:
        """Make the socket. It gets its name once it accepts connections: until then a connection would be refused like a dead one's."""
        _make_private(self._folder)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made = self._folder / f".{self.id}"
        try:
            with _reachable(made) as path:
                listener.bind(path)
            made.chmod(0o666)  # the folder guards it; so a command that root runs can be answered
            listener.listen(128)
            listener.setblocking(False)
            made.rename(self._folder / self.id)
        except BaseException:
            listener.close()
            raise
        return listener

    # -- the thread

    def _run(self) -> None:
        end = 0.0
        while True:
            try:
                self._flush_queued()
                if self._closing:
                    end = end or time.monotonic() + FLUSH_S
                    if not self._unsent() or time.monotonic() > end:
                        return
                for key, events in self._selector.select(RETRY_S if self._retry or self._closing else None):
                    key.data(events)
            except Exception as error:  # the other connections continue
                logger.error("the sockets to other processes failed: %s", error_location(error))
                time.sleep(RETRY_S)

    def _unsent(self) -> bool:
        with self._lock:
            return any(not link.empty for link in self._links.values())

    def _drain(self, events: int) -> None:
        with suppress(BlockingIOError):
            self._wake_up.recv(READ_BYTES)

    def _flush_queued(self) -> None:
        with self._lock:
            names, self._queued = self._queued | self._retry, set()
        self._retry = set()
        for name in names:
            self._flush(name)

    def _flush(self, name: str) -> None:
        """Send what waits for a process, as far as it reads."""
        with self._lock:
            link = self._links.get(name)
        if link is None:
            return
        try:
            if link.socket is None:
                link.socket = self._connect(name)
                self._selector.register(link.socket, _READ, partial(self._on_link, name))
            self._send_queued(link)
            events = _READ
        except BlockingIOError:
            events = _READ | _WRITE
        except OSError as error:
            self._drop(name, link, error)
            return
        if link.socket is None:
            self._retry.add(name)
        elif self._selector.get_key(link.socket).events != events:
            self._selector.modify(link.socket, events, partial(self._on_link, name))

    def _send_queued(self, link: _Link) -> None:
        assert link.socket is not None  # noqa: S101  # `_flush` has connected it
        while True:
            if not link.started:
                with self._lock:
                    link.started = memoryview(link.take())
                if not link.started:
                    return
            link.started = link.started[link.socket.send(link.started) :]

    def _on_link(self, name: str, events: int) -> None:
        """Send more, or drop the connection: the other process never sends on it, so that it is readable only at its end."""
        link = self._links.get(name)
        if link is not None and events & _READ:
            self._drop(name, link)
        else:
            self._flush(name)

    def _connect(self, name: str) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.setblocking(False)
            with _reachable(self._folder / name) as path:
                link.connect(path)
        except BaseException:
            link.close()
            raise
        return link

    def _drop(self, name: str, link: _Link, error: OSError | None = None) -> None:
        """Forget a process that has ended, and the frames that wait for it; remove its socket if it was killed."""
        with self._lock:
            if self._links.get(name) is link:
                del self._links[name]
        if link.socket is not None:
            self._selector.unregister(link.socket)
            link.socket.close()
        try:
            if link.socket is not None:  # the connection ended: is there still a process behind the socket's file?
                self._connect(name).close()
            elif error is not None:
                raise error
        except ConnectionRefusedError:
            with suppress(OSError):
                (self._folder / name).unlink()
        except PermissionError:
            logger.warning("the socket of another process cannot be used: it belongs to another user of this machine")
        except OSError:
            logger.debug("a process has ended, or is busy")

    def _accept(self, events: int) -> None:
        assert self._listener is not None  # noqa: S101  # it was readable
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # no file descriptor is free: the listener stays readable
                time.sleep(RETRY_S)
            return
        if self._connections >= MOST_CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        self._connections += 1
        self._selector.register(connection, _READ, partial(self._read, connection, bytearray()))

    def _read(self, connection: socket.socket, buffer: bytearray, events: int) -> None:
        try:
            data = connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        buffer += data
        if not data or not self._take_frames(buffer):
            self._connections -= 1
            self._selector.unregister(connection)
            connection.close()

    def _take_frames(self, buffer: bytearray) -> bool:
        """Pass on the complete frames and remove them; return False for a frame that is too long: then the sender is not one of ours."""
        while len(buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer)
            if length > LONGEST_FRAME:
                logger.warning("a connection to the local socket was closed: it announced a message of %d bytes", length)
                return False
            end = _LENGTH.size + length
            if len(buffer) < end:
                return True
            frame = bytes(memoryview(buffer)[_LENGTH.size : end])
            del buffer[:end]
            try:
                self._receive(frame)
            except Exception as error:  # perhaps from another version of the server; later frames may be valid
                logger.error("a message of another process was not understood (%s)", error_location(error))
        return True


_all: "WeakSet[LocalSockets]" = WeakSet()


def is_id(name: str) -> bool:
    """Return whether a text is the id of a process."""
    return len(name) == _ID_LENGTH and set(name) <= _HEX


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """Yield a path of the same file that is short enough for a socket.

    A long one is reached through a descriptor of its folder. A short folder under /tmp would not do: two services may see different
    ones (PrivateTmp of systemd, containers). An abstract name would not do either: any user of the machine may connect to it.
    """
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _make_private(folder: Path) -> None:
    """Make the folder, for its owner only. Raises FolderError for one that belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise FolderError("it is no folder")
    if os.geteuid() not in (0, found.st_uid):
        raise FolderError("it belongs to another user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def _at_exit() -> None:
    for sockets in list(_all):
        sockets.close()


def _after_fork() -> None:
    for sockets in list(_all):
        sockets.forget_parent()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
