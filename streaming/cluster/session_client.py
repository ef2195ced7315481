"""Requests of a stream's Python methods to a session, by its id (design law 7).

The session may be in this event loop, in another one of this process, or in another process. The requests are those of the HTTP routes
(`session_endpoint.py`), with access to every session.
"""

import asyncio
import logging
from collections.abc import Awaitable

from asgiref.sync import async_to_sync

from insights.snapshots import Payload
from streaming.cluster import session_endpoint
from streaming.cluster.rpc import TIMEOUT_S
from streaming.cluster.runtime import runtime
from streaming.cluster.session_requests import Ask, SessionRequest
from streaming.types.remote_session import Reachable

logger = logging.getLogger(__name__)

_tasks: set[asyncio.Task[None]] = set()


def asking(stream: str, webrtc_id: str, here: Reachable | None = None) -> Ask:
    """Return a function that sends requests to the session with this id; `here` is the session, if this process has it.

    Requests and answers must hold JSON types only, since the session may be in another process.
    """
    in_loop = session_endpoint.asking(stream, webrtc_id, session_endpoint.PYTHON)

    async def ask(request: SessionRequest, timeout_s: float) -> Payload | None:
        call = in_loop(request, timeout_s)
        if here is None or here.loop is asyncio.get_running_loop():
            return await call
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(call), here.loop))

    return ask


def send(stream: str, webrtc_id: str, request: SessionRequest) -> None:
    """Send a command to a session of another process. Synchronous code waits for the answer; in an event loop a task sends it.

    Raises LookupError where no process has such a session. In an event loop that is known only later, and logged instead.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        if async_to_sync(asking(stream, webrtc_id))(request, TIMEOUT_S) is None:
            raise no_session(stream) from None
        return
    if runtime().pubsub.alone:
        raise no_session(stream)
    task = loop.create_task(_send(stream, webrtc_id, request))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def no_session(stream: str) -> LookupError:
    """Return the error for a missing session. It leaves the id out, since an id gives access to a public session."""
    return LookupError(f"stream {stream!r} has no session with this webrtc_id")


async def _send(stream: str, webrtc_id: str, request: SessionRequest) -> None:
    if await asking(stream, webrtc_id)(request, TIMEOUT_S) is None:
        logger.warning("a session could not be given its %s: %s", request["ask"], no_session(stream))


async def _awaited(call: Awaitable[Payload | None]) -> Payload | None:
    return await call
