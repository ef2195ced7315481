"""Responses of any length, generated in chunks while the client reads them, so that memory use is bounded.

A short response is an ordinary one; a long one is streamed. Its text comes from an iterator of pieces, each made with a bounded number of
queries that are finished when the piece is yielded: while the client does not read, the response holds one chunk, but no database
connection and no transaction. Under ASGI a separate thread makes the pieces, so live conversations do not wait. A response that fails in
the middle is not terminated properly, so the server closes the connection and the client sees that it is incomplete.
"""

import asyncio
import logging
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakSet

from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from insights import access
from insights.access.request_grants import grant_of_request

logger = logging.getLogger(__name__)

JSON = "application/json; charset=utf-8"
MOST_PER_ACCOUNT = 4
"""Concurrent long responses of one account in one process."""
MOST_PER_PROCESS = 100
"""Concurrent long responses of all accounts. Each holds at most a chunk and the server's socket buffer, about 0.5 MiB together."""
RETRY_AFTER_S = 5
SHORT_BYTES = 256 * 1024
"""A shorter response is not streamed and does not count."""
CHUNK_BYTES = 64 * 1024
STEP_S = 0.01
"""A chunk is complete when it has CHUNK_BYTES bytes, or when making it took STEP_S seconds."""
MOST_FIRST_PIECES = 16
"""Pieces that are made in the request's own thread; a response with more is long."""
STALL_S = 300.0
"""Seconds without a read after which a client is disconnected."""
CHECK_S = 5.0
"""Seconds between two checks that the reader is still authorised."""
THREADS = 1
"""More threads would not be faster because of the GIL, and the event loop waits up to 5 ms for the GIL for each computing thread."""
PAUSE_FACTOR = 2
MOST_PAUSE_S = 0.04
"""After each step the thread pauses for PAUSE_FACTOR times its CPU time, at most MOST_PAUSE_S s, to leave the GIL to the event loop."""

Check = Callable[[], bool]


class TooManyAnswers(Exception):
    """Too many long responses are being sent; `status` is 429 for the limit of the account, 503 for that of the process."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Retry-After": str(RETRY_AFTER_S)}


class Withdrawn(Exception):
    """The reader's token or sign-in was revoked, or the data was deleted, before the response was complete."""


def answer(
    request: HttpRequest,
    pieces: Iterator[str] | Iterator[bytes],
    *,
    account: int,
    exists: Check = lambda: True,
    public: bool = False,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponseBase:
    """Return the joined pieces as a response, streamed if they are long.

    `account`: user id for the limit. `exists`: returns whether the data still exists; called every CHECK_S seconds and before the last
    chunk. `public`: nobody has to be signed in; `exists` alone decides. Raises TooManyAnswers.
    """
    encoded = map(_encoded, pieces)
    head, complete = _head(encoded)
    if complete or request.method == "HEAD":
        return HttpResponse(head, content_type=content_type, headers=headers, status=status)
    grant = None if public else grant_of_request(request)
    content = (_AsyncContent if isinstance(request, ASGIRequest) else _SyncContent)(
        account, head, encoded, lambda: (public or (grant is not None and bool(access.valid_grants([grant])))) and exists()
    )
    _admit(content)
    return StreamingHttpResponse(content, content_type=content_type, headers=headers, status=status)


def _encoded(piece: str | bytes) -> bytes:
    return piece if isinstance(piece, bytes) else piece.encode(errors="replace")


def _head(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the first pieces of a response, and whether they are all of it."""
    made, size = [], 0
    for piece in pieces:
        made.append(piece)
        size += len(made[-1])
        if size >= SHORT_BYTES or len(made) >= MOST_FIRST_PIECES:
            return b"".join(made), False
    return b"".join(made), True


class _Content:
    """The content of a long response. It counts for its account until it is closed or garbage-collected."""

    def __init__(self, account: int, head: bytes, pieces: Iterator[bytes], allowed: Check) -> None:
        self.account, self.closed = account, False
        self._head, self._pieces, self._allowed = head, pieces, allowed
        self._checked = time.monotonic()
        self._ended = False

    def close(self) -> None:
        """Stop generating. A step that is running in the thread still finishes."""
        self.closed, self._pieces, self._ended = True, iter(()), True

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def _step(self) -> bytes:
        """Return the next chunk. It may be empty before the end, if pieces without text took the time. Raises Withdrawn."""
        made, size, until = [], 0, time.monotonic() + STEP_S
        for piece in self._pieces:
            made.append(piece)
            size += len(made[-1])
            if size >= CHUNK_BYTES or time.monotonic() >= until:
                break
        else:
            self._ended = True
        if self._ended or time.monotonic() - self._checked >= CHECK_S:
            if not self.closed and not self._allowed():
                raise Withdrawn
            self._checked = time.monotonic()
        return b"".join(made)


class _SyncContent(_Content):
    """Content that the thread of the request generates and sends."""

    def __iter__(self) -> Iterator[bytes]:
        yield self._take_head()
        while not self._ended:
            yield self._step()
        self.close()


class _AsyncContent(_Content):
    """Content that the thread for long responses generates and the event loop sends."""

    _stall_timer: asyncio.TimerHandle | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._cancel_stall_timer()
        try:
            chunk = self._take_head()
            while not chunk and not self._ended:
                chunk = await asyncio.get_running_loop().run_in_executor(_executor(), self._step_in_thread)
        except Exception as error:
            self.close()
            where = traceback.extract_tb(error.__traceback__)[-1]
            # Only the type and place are logged: the message of an error may contain spoken words.
            logger.warning("a long response was aborted (%s in %s:%s)", type(error).__name__, where.filename, where.lineno)
            raise asyncio.CancelledError from None  # Django then does not terminate the response, and closes the request's resources
        except BaseException:
            self.close()
            raise
        if not chunk:
            self.close()
            raise StopAsyncIteration
        if (task := asyncio.current_task()) is not None:
            self._stall_timer = asyncio.get_running_loop().call_later(STALL_S, task.cancel)
        return chunk

    def close(self) -> None:
        """Stop generating, and cancel the stall timer."""
        super().close()
        self._cancel_stall_timer()

    def _cancel_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _step_in_thread(self) -> bytes:
        begun = time.thread_time()
        close_old_connections()
        try:
            return self._step()
        finally:
            close_old_connections()
            time.sleep(min(PAUSE_FACTOR * (time.thread_time() - begun), MOST_PAUSE_S))


_sending: WeakSet[_Content] = WeakSet()
_sending_lock = threading.Lock()


def _admit(content: _Content) -> None:
    with _sending_lock:
        others = [one for one in _sending if not one.closed]
        if sum(one.account == content.account for one in others) >= MOST_PER_ACCOUNT:
            raise TooManyAnswers(
                429, f"At most {MOST_PER_ACCOUNT} long answers are sent to one account at a time; read or close one of them first."
            )
        if len(others) >= MOST_PER_PROCESS:
            raise TooManyAnswers(503, f"The server sends {MOST_PER_PROCESS} long answers, which is the most that it does at a time.")
        _sending.add(content)


_executors: list[ThreadPoolExecutor] = []


def _executor() -> ThreadPoolExecutor:
    """Return the executor for long responses, created on first use. Call it in the event loop only."""
    if not _executors:
        _executors.append(ThreadPoolExecutor(THREADS, thread_name_prefix="long-answer"))
    return _executors[0]


def close_threads() -> None:
    """Close the thread's database connection and stop the thread; the next use creates a new one."""
    while _executors:
        pool = _executors.pop()
        for _ in range(THREADS):
            pool.submit(connections.close_all)
        pool.shutdown(wait=True)
