"""The outputs of a session of this process, as the program's own objects; the session may be in another event loop."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from streaming.types.outputs import AdditionalOutputs
from streaming.types.remote_session import Reachable

T = TypeVar("T")


async def outputs_of(session: Reachable) -> AsyncIterator[AdditionalOutputs]:
    """Yield a copy of every output, from the first one on, until the session ends."""
    number = 0
    while (found := await _in_loop_of(session, session.outputs.next_after(number))) is not None:
        number, outputs = found
        yield AdditionalOutputs(*outputs.args)


async def latest_of(session: Reachable, wait_s: float) -> AdditionalOutputs:
    """Return a copy of the newest output that was not fetched yet; wait for one.

    Raises TimeoutError if none comes within `wait_s` seconds, or before the session ends.
    """
    return AdditionalOutputs(*(await _in_loop_of(session, _latest(session, wait_s))).args)


async def outputs_after(session: Reachable, after: int, wait_s: float, most: int) -> list[tuple[int, AdditionalOutputs]]:
    """Return up to `most` outputs after a number, with their numbers, as copies; wait up to `wait_s` seconds for one."""
    found = await _in_loop_of(session, _after(session, after, wait_s, most))
    return [(number, AdditionalOutputs(*outputs.args)) for number, outputs in found]


async def _after(session: Reachable, after: int, wait_s: float, most: int) -> list[tuple[int, AdditionalOutputs]]:
    log = session.outputs
    found: list[tuple[int, AdditionalOutputs]] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            following = await log.next_after(after)
        while following is not None and len(found) < most:
            found.append(following)
            following = log.after(following[0])
    return found


async def _latest(session: Reachable, wait_s: float) -> AdditionalOutputs:
    log = session.outputs
    async with asyncio.timeout(wait_s):
        await log.next_after(session.fetched)
    if log.latest is None or log.last == session.fetched:
        raise TimeoutError("the session ended without another output")
    session.fetched = log.last
    return log.latest


async def _in_loop_of(session: Reachable, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the event loop of a session, and return its result."""
    if session.loop is asyncio.get_running_loop():
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, session.loop))
