"""Taking from a queue in `emit` without waiting for ever."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def wait_for_item(queue: "asyncio.Queue[T]", timeout: float = 0.1) -> T | None:  # noqa: ASYNC109  # FastRTC's signature
    """Return the next item of a queue, or None when none comes within `timeout` seconds."""
    try:
        return queue.get_nowait()
    except asyncio.QueueEmpty:
        pass
    try:
        async with asyncio.timeout(timeout):
            return await queue.get()
    except TimeoutError:
        return None
