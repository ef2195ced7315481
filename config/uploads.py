"""Uploads: files to import, written to disk while they arrive.

An ASGI application around the limits of HTTP. It checks the credentials and their scope before it reads the body, and the view checks them
again. An upload takes no slot of `config/http_limits.py`, and no thread, until its body is complete; it has places of its own. A broken
upload leaves no file.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, HTTPScope, Scope
from django.conf import settings

from config.http_limits import BODY_IDLE_S, BUSY, refuse
from config.upload_paths import is_upload
from insights import access
from insights.api.errors import INVALID_TOKEN
from insights.api.uploaded import EXTENSION
from insights.imports import waiting_files
from streaming.aio.database_executors import run_in_database
from streaming.transports.auth import RequestCredentials

T = TypeVar("T")
logger = logging.getLogger(__name__)

PLACES = 32
"""Uploads of one process at the same time."""
USER_PLACES = 8
"""Uploads of one account in one process at the same time."""
WRITE_BYTES = 256 * 1024
"""Bytes that are collected before they are written."""
_WRITERS = 4
_writers: list[ThreadPoolExecutor] = []


class Refusal(Exception):
    """End an upload with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Disconnected(Exception):
    """The client has disconnected."""


class Uploads:
    """Passes uploads to an ASGI application when their body is on disk, and every other request at once."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application
        self._held: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http" or not is_upload(scope["method"].encode(), scope["path"].encode()):
            await self._application(scope, receive, send)
            return
        path: Path | None = None
        try:
            with self._place(await _user_of(scope)):
                _check_length(scope)
                path = await _in_thread(waiting_files.new_part)
                await _write_body(path, receive)
            await self._application(_with_file(scope, path), _end_of_body(receive), send)
        except Refusal as refusal:
            if path is not None:
                await _in_thread(path.unlink, True)
            # The server reads some of the rest, so that a client that only sends gets the answer and no reset.
            await refuse(send, refusal.status, refusal.message, close=False)
        except Disconnected:
            logger.debug("a client left in the middle of its upload")
        finally:
            if path is not None:
                await asyncio.shield(_in_thread(path.unlink, True))

    @contextmanager
    def _place(self, user_id: int) -> Iterator[None]:
        if self._held.total() >= PLACES:
            raise Refusal(503, BUSY)
        if self._held[user_id] >= USER_PLACES:
            raise Refusal(429, f"At most {USER_PLACES} uploads at the same time are allowed. Try again when one of yours has ended.")
        self._held[user_id] += 1
        try:
            yield
        finally:
            self._held[user_id] -= 1
            if not self._held[user_id]:
                del self._held[user_id]


async def _user_of(scope: HTTPScope) -> int:
    """Return the id of the account, if its credentials allow uploads. Raises Refusal."""
    credentials = RequestCredentials.from_scope(scope)
    grant = None
    if credentials.token:
        grant = await run_in_database(access.grant_for_token, credentials.token)
    elif credentials.session_key:
        grant = await run_in_database(access.grant_for_sign_in, credentials.session_key)
    if grant is None:
        raise Refusal(401, INVALID_TOKEN)
    try:
        access.check_scope(access.scope_of_call(scope["method"], scope["path"]), grant.scopes)
    except access.MissingScope as missing:
        raise Refusal(403, str(missing)) from None
    return grant.user_id


def _most_bytes() -> int:
    return int(settings.MAX_UPLOAD_MB) * 1024 * 1024


def _too_large() -> Refusal:
    return Refusal(413, f"body: a file may be at most {settings.MAX_UPLOAD_MB} MiB large (MAX_UPLOAD_MB)")


def _check_length(scope: HTTPScope) -> None:
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if stated.isdigit() and int(stated) > _most_bytes():
        raise _too_large()


async def _write_body(path: Path, receive: ASGIReceiveCallable) -> None:
    """Write the body to a new file. Raises Refusal and Disconnected."""
    most, total = _most_bytes(), 0
    with waiting_files.created(path) as file:
        waiting = bytearray()
        more = True
        while more:
            body, more = await _next_part(receive)
            total += len(body)
            if total > most:
                raise _too_large()
            waiting += body
            if len(waiting) >= WRITE_BYTES or (waiting and not more):
                await _in_thread(_write, file, bytes(waiting))
                waiting.clear()


async def _next_part(receive: ASGIReceiveCallable) -> tuple[bytes, bool]:
    """Return the next part of the body, and whether more of it follows."""
    try:
        async with asyncio.timeout(BODY_IDLE_S):
            message = await receive()
    except TimeoutError:
        raise Refusal(408, f"No byte of the request's body came for {BODY_IDLE_S:g} s.") from None
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


def _write(file: BinaryIO, block: bytes) -> None:
    try:
        waiting_files.append(file, block)
    except waiting_files.NoSpace as error:
        raise Refusal(503, str(error)) from None


def _with_file(scope: HTTPScope, path: Path) -> HTTPScope:
    """Return the scope with the path of the file, and without the length of the body, which the view does not get."""
    headers = [(name, b"0" if name == b"content-length" else value) for name, value in scope["headers"] if name != b"transfer-encoding"]
    extensions: dict[str, dict[object, object]] = {**(scope.get("extensions") or {}), EXTENSION: {"path": str(path)}}
    return {**scope, "headers": headers, "extensions": extensions}


def _end_of_body(receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """Return a `receive` that starts with an empty body."""
    ended = False

    async def following() -> ASGIReceiveEvent:
        nonlocal ended
        if ended:
            return await receive()
        ended = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return following


async def _in_thread(work: Callable[..., T], *args: object) -> T:
    """Run work on the disk in a thread of its own pool."""
    if not _writers:
        _writers.append(ThreadPoolExecutor(_WRITERS, thread_name_prefix="uploads"))
    return await asyncio.get_running_loop().run_in_executor(_writers[0], work, *args)
