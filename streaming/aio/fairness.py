"""Cooperative yielding for loops whose next item is often ready, so that the event loop serves other tasks too (design law 4)."""

import asyncio

ITEMS_AT_ONCE = 8
"""Items after which the loop yields: about half a millisecond of work for typical items."""
AT_ONCE_S = 0.002
"""Seconds of work after which the loop yields, for items that take longer."""
WAITED_S = 0.0005
"""A longer pause between two items, in seconds, means that the event loop has run in between."""


class CooperativeYield:
    """Yields to the event loop after a bounded amount of work; `await asyncio.Queue.get()` does not yield if an item is ready.

    Work is counted from the last wait for an item, so that a loop that waits for each item does not yield a second time.
    """

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._items = 0
        self._began = self._ended = self._clock()

    def begin_item(self) -> None:
        """Call after an item was received, before it is handled."""
        now = self._clock()
        if now - self._ended > WAITED_S:
            self._items = 0
            self._began = now

    def ends_turn(self) -> bool:
        """Call after each item. Return whether the limit of items or of time is reached: then await `pause`; most items need none."""
        self._items += 1
        self._ended = now = self._clock()
        return self._items >= ITEMS_AT_ONCE or now - self._began > AT_ONCE_S

    async def pause(self) -> None:
        """Let the event loop serve other tasks."""
        await asyncio.sleep(0)
        self._items = 0
        self._began = self._ended = self._clock()
