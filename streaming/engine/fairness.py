"""Loops that often find their next item ready, and yet let the event loop serve everybody else (design law 4)."""

import asyncio

ITEMS_AT_ONCE = 8
"""Items after which the event loop runs: half a millisecond of work for usual ones."""
AT_ONCE_S = 0.002
"""The same for items that take longer, in seconds."""


class CooperativeYield:
    """Yields to the event loop after a bounded amount of work: `await asyncio.Queue.get()` does not, where an item is ready."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._items = 0
        self._began = self._clock()

    async def after_item(self) -> None:
        """To be called after each item; it yields after some of them."""
        self._items += 1
        if self._items >= ITEMS_AT_ONCE or self._clock() - self._began > AT_ONCE_S:
            await asyncio.sleep(0)
            self._items = 0
            self._began = self._clock()
