"""How a stream's Python methods reach a session by its id, wherever it lives: in this event loop, in another one of this process, or in
another process (design law 7). They ask what the routes ask (`session_endpoint.py`), as code that may ask every session.
"""

import asyncio
import logging
from collections.abc import Awaitable

from asgiref.sync import async_to_sync

from streaming.cluster import session_endpoint
from streaming.cluster.pubsub import pubsub
from streaming.cluster.rpc import TIMEOUT_S, Body
from streaming.cluster.session_endpoint import Ask
from streaming.types.remote_session import Reachable

logger = logging.getLogger(__name__)

_tasks: set[asyncio.Task[None]] = set()


def asking(stream: str, webrtc_id: str, here: Reachable | None = None) -> Ask:
    """Return the way to ask the session of an id; `here` is the session itself, where this process has it.

    Values in questions and answers must be such as JSON knows, for the session may be elsewhere.
    """
    in_loop = session_endpoint.asking(stream, webrtc_id, session_endpoint.PYTHON)

    async def ask(question: Body, timeout_s: float) -> Body | None:
        call = in_loop(question, timeout_s)
        if here is None or here.loop is asyncio.get_running_loop():
            return await call
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(call), here.loop))

    return ask


def tell(stream: str, webrtc_id: str, question: Body) -> None:
    """Have a session of another process do something; from synchronous code and, without waiting for it, from coroutines.

    Raises LookupError where no process has such a session. In a coroutine that is only known later, and logged.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        if async_to_sync(asking(stream, webrtc_id))(question, TIMEOUT_S) is None:
            raise no_session(stream) from None
        return
    if pubsub().alone:
        raise no_session(stream)
    task = loop.create_task(_tell(stream, webrtc_id, question))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def no_session(stream: str) -> LookupError:
    """Return the error that says so; ids stay out of it, since they let people in."""
    return LookupError(f"stream {stream!r} has no session with this webrtc_id")


async def _tell(stream: str, webrtc_id: str, question: Body) -> None:
    if await asking(stream, webrtc_id)(question, TIMEOUT_S) is None:
        logger.warning("a session could not be given its %s: %s", question["ask"], no_session(stream))


async def _awaited(call: Awaitable[Body | None]) -> Body | None:
    return await call
