"""Answers of any length: made in chunks while the client reads them, so that none is ever whole in memory.

A short answer is an ordinary response. A long one is streamed. Its text comes from an iterator of pieces, each made by a fixed number of
queries that are over when the piece is there: while the client does not read, the answer holds one chunk, no connection and no
transaction. Under ASGI the pieces are made in a thread of their own, never in those of live conversations. An answer that cannot be
finished gets no end, upon which the server cuts the connection: a part never looks like a whole.
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
"""Long answers that one account may be sent at a time by one process."""
MOST_PER_PROCESS = 100
"""Long answers of all accounts: each holds at most a chunk and what the server buffers for its socket, some 0.5 MiB together."""
RETRY_AFTER_S = 5
SHORT_BYTES = 256 * 1024
"""A shorter answer is not streamed, and not counted."""
CHUNK_BYTES = 64 * 1024
STEP_S = 0.01
"""A chunk is complete when it has so many bytes, or took so long."""
MOST_FIRST_PIECES = 16
"""Pieces that are made in the request's own thread, before an answer counts as long."""
STALL_S = 300.0
"""A client that takes no chunk for so long is cut off."""
CHECK_S = 5.0
"""How often a long answer looks whether its reader is still allowed to read it."""
THREADS = 1
"""More would make nothing faster under one interpreter lock, for which the event loop waits up to 5 ms for each thread that computes."""
REST = 2
MOST_REST_S = 0.04
"""The thread rests twice as long as its step computed, up to this, so that the event loop finds the lock free most of the time."""

Check = Callable[[], bool]


class TooManyAnswers(Exception):
    """No further long answer is begun now; `status` is 429 for a limit of the account, 503 for one of the process."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Retry-After": str(RETRY_AFTER_S)}


class Withdrawn(Exception):
    """The reader's token or sign-in has ended, or what is read was deleted, before the answer was complete."""


def answer(
    request: HttpRequest,
    pieces: Iterator[str],
    *,
    account: int,
    exists: Check = lambda: True,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Return the joined pieces as a response, streamed where they are long.

    `account` is the user whose limit counts. `exists` is asked now and then, and before the last chunk, whether what is read is still
    there. Raises TooManyAnswers.
    """
    head, complete = _head(pieces)
    if complete or request.method == "HEAD":
        return HttpResponse(head, content_type=content_type, headers=headers)
    credential = grant_of_request(request)
    content = (_AsyncContent if isinstance(request, ASGIRequest) else _SyncContent)(
        account, head, pieces, lambda: credential is not None and bool(access.valid_grants([credential])) and exists()
    )
    _admit(content)
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


def _head(pieces: Iterator[str]) -> tuple[bytes, bool]:
    """Return the first pieces of an answer, and whether they are all of it."""
    made, size = [], 0
    for piece in pieces:
        made.append(piece.encode(errors="replace"))
        size += len(made[-1])
        if size >= SHORT_BYTES or len(made) >= MOST_FIRST_PIECES:
            return b"".join(made), False
    return b"".join(made), True


class _Content:
    """The rest of a long answer. It counts for its account until it is closed or garbage."""

    def __init__(self, account: int, head: bytes, pieces: Iterator[str], allowed: Check) -> None:
        self.account, self.closed = account, False
        self._head, self._pieces, self._allowed = head, pieces, allowed
        self._checked = time.monotonic()
        self._ended = False

    def close(self) -> None:
        """Make nothing more. A step that is under way in a thread still comes to its end."""
        self.closed, self._pieces, self._ended = True, iter(()), True

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def _step(self) -> bytes:
        """Return the next chunk; it may be empty before the end too, where much is looked at and little found."""
        made, size, until = [], 0, time.monotonic() + STEP_S
        for piece in self._pieces:
            made.append(piece.encode(errors="replace"))
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
    """Sent and made by the thread that serves the request."""

    def __iter__(self) -> Iterator[bytes]:
        yield self._take_head()
        while not self._ended:
            yield self._step()
        self.close()


class _AsyncContent(_Content):
    """Sent from the event loop, made in the thread for long answers."""

    _stalled: asyncio.TimerHandle | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._read_on()
        try:
            chunk = self._take_head()
            while not chunk and not self._ended:
                chunk = await asyncio.get_running_loop().run_in_executor(_threads(), self._step_in_thread)
        except Exception as error:
            self.close()
            where = traceback.extract_tb(error.__traceback__)[-1]
            # Only its name: the message of an error may hold spoken words.
            logger.warning("a long answer was broken off (%s in %s:%s)", type(error).__name__, where.filename, where.lineno)
            raise asyncio.CancelledError from None  # Django leaves the answer without an end, and closes all that belongs to the request
        except BaseException:
            self.close()
            raise
        if not chunk:
            self.close()
            raise StopAsyncIteration
        if (task := asyncio.current_task()) is not None:
            self._stalled = asyncio.get_running_loop().call_later(STALL_S, task.cancel)
        return chunk

    def close(self) -> None:
        """Make nothing more, and wait for the client no longer."""
        super().close()
        self._read_on()

    def _read_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _step_in_thread(self) -> bytes:
        begun = time.thread_time()
        close_old_connections()
        try:
            return self._step()
        finally:
            close_old_connections()
            time.sleep(min(REST * (time.thread_time() - begun), MOST_REST_S))


_sending: WeakSet[_Content] = WeakSet()
_guard = threading.Lock()


def _admit(content: _Content) -> None:
    with _guard:
        others = [one for one in _sending if not one.closed]
        if sum(one.account == content.account for one in others) >= MOST_PER_ACCOUNT:
            raise TooManyAnswers(
                429, f"At most {MOST_PER_ACCOUNT} long answers are sent to one account at a time; read or close one of them first."
            )
        if len(others) >= MOST_PER_PROCESS:
            raise TooManyAnswers(503, f"The server sends {MOST_PER_PROCESS} long answers, which is the most that it does at a time.")
        _sending.add(content)


_pools: list[ThreadPoolExecutor] = []


def _threads() -> ThreadPoolExecutor:
    """Return the thread for long answers, started when it is first needed; called in the event loop only."""
    if not _pools:
        _pools.append(ThreadPoolExecutor(THREADS, thread_name_prefix="long-answer"))
    return _pools[0]


def close_threads() -> None:
    """Close the thread's connection and end the thread; the next use starts afresh."""
    while _pools:
        pool = _pools.pop()
        for _ in range(THREADS):
            pool.submit(connections.close_all)
        pool.shutdown(wait=True)
