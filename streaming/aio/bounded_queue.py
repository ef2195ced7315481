"""A closable queue with a limit and a stated policy when full. Knows asyncio and nothing of Parley.

Design law 3: whatever a client sends or fails to read waits in one of these, so nothing can grow without bound.
One event loop only; `put` is synchronous, so a transport never waits inside its receive callback.
"""

import asyncio
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class FullPolicy(Enum):
    """What `put` does with an item for which there is no room."""

    REFUSE = "refuse"
    DROP_OLDEST = "drop oldest"


class QueueClosed(Exception):
    """Nothing more will come out of this mailbox."""


class BoundedQueue(Generic[T]):
    """A first-in first-out queue of weighed items for one reader.

    Args:
        limit: the greatest total weight held, in whatever unit the weights have (bytes, or 1 for each item).
        when_full: REFUSE makes `put` return False; DROP_OLDEST makes room and counts the loss in `dropped`.
    """

    def __init__(self, limit: int, when_full: FullPolicy = FullPolicy.REFUSE) -> None:
        self.limit = limit
        self.when_full = when_full
        self.dropped = 0
        self.weight = 0
        self._items: deque[tuple[T, int]] = deque()
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether `close` was called; items put before may still be waiting."""
        return self._closed

    @property
    def awaited(self) -> bool:
        """Whether its reader waits for an item, and there is none."""
        return self._reader is not None

    def put(self, item: T, weight: int = 1) -> bool:
        """Append an item and return True, or return False when it was refused or the mailbox is closed.

        An item heavier than the whole limit still enters an empty mailbox: the limit bounds what waits, not what exists.
        """
        if self._closed:
            return False
        while self._items and self.weight + weight > self.limit:
            if self.when_full is FullPolicy.REFUSE:
                self._room.clear()
                return False
            self.weight -= self._items.popleft()[1]
            self.dropped += 1
        self._items.append((item, weight))
        self.weight += weight
        if self._reader is not None:
            self._wake()
        if self.weight >= self.limit:
            self._room.clear()
        return True

    async def get(self) -> T:
        """Wait for the next item. Raises QueueClosed once closed and empty."""
        while not self._items:
            if self._closed:
                raise QueueClosed
            await self._wait()
        item, weight = self._items.popleft()
        self.weight -= weight
        if self.weight < self.limit:
            self._room.set()
        return item

    async def room(self) -> None:
        """Wait until less than the limit is held, and something was taken since the last refusal; or the mailbox is closed."""
        await self._room.wait()

    async def put_when_room(self, item: T, weight: int = 1) -> bool:
        """Wait for room, then put. Returns False when the mailbox was closed meanwhile."""
        while not self._closed and not self.put(item, weight):
            await self._room.wait()
        return not self._closed

    def clear(self) -> None:
        """Drop what waits."""
        self._items.clear()
        self.weight = 0
        self._room.set()

    def close(self, *, discard: bool = False) -> None:
        """Let nothing more in; what waits is still delivered unless discarded."""
        self._closed = True
        if discard:
            self.clear()
        self._wake()
        self._room.set()

    async def _wait(self) -> None:
        """Sleep until something changes. One bare future: fifty times a second for each voice, an Event's bookkeeping shows."""
        reader = asyncio.get_running_loop().create_future()
        self._reader = reader
        try:
            await reader
        finally:
            if self._reader is reader:
                self._reader = None

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)
