"""Loops that often find their next item ready, and yet let the event loop serve everybody else (design law 4)."""

import asyncio

ITEMS_AT_ONCE = 8
"""Items after which the event loop runs: half a millisecond of work for usual ones."""
AT_ONCE_S = 0.002
"""The same for items that take longer, in seconds."""
WAITED_S = 0.0005
"""A longer pause between two items, in seconds, means that the event loop ran in between."""


class CooperativeYield:
    """Yields to the event loop after a bounded amount of work: `await asyncio.Queue.get()` does not, where an item is ready.

    The amount is counted from the last time that the loop waited for an item: a loop that waits for each item never yields twice.
    """

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._items = 0
        self._began = self._ended = self._clock()

    def begin_item(self) -> None:
        """Call this when an item is there, before it is handled."""
        now = self._clock()
        if now - self._ended > WAITED_S:
            self._items = 0
            self._began = now

    async def after_item(self) -> None:
        """Call this after each item. It yields after some of them."""
        self._items += 1
        self._ended = self._clock()
        if self._items >= ITEMS_AT_ONCE or self._ended - self._began > AT_ONCE_S:
            await asyncio.sleep(0)
            self._items = 0
            self._began = self._ended = self._clock()
