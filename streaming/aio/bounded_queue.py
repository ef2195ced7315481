"""A closable queue with a limit and a policy at the limit.

Everything that a client sends, or does not read, waits in such a queue, so that memory stays bounded (design law 3). A queue belongs to one
event loop. `put` is synchronous, so that a transport never waits inside its receive callback.
"""

import asyncio
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class FullPolicy(Enum):
    """What `put` does at the limit."""

    REFUSE = "refuse"
    DROP_OLDEST = "drop oldest"


class QueueClosed(Exception):
    """The queue is closed and empty."""


class BoundedQueue(Generic[T]):
    """A first-in, first-out queue of weighted items with one reader.

    Args:
        limit: the greatest total weight of the queued items, in the unit of the weights (bytes, or 1 for each item).
        when_full: REFUSE makes `put` return False; DROP_OLDEST removes the oldest items and counts them in `dropped`.
    """

    def __init__(self, limit: int, when_full: FullPolicy = FullPolicy.REFUSE) -> None:
        self.limit = limit
        self.when_full = when_full
        self.dropped = 0
        self.weight = 0
        self._items: deque[tuple[T, int]] = deque()
        self.closed = False
        """Whether `close` was called; queued items may remain."""
        self._reader: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, weight: int = 1) -> bool:
        """Append an item and return True; return False if it was refused or the queue is closed.

        An empty queue accepts an item heavier than the limit: the limit bounds the queue, not a single item.
        """
        if self.closed:
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
            if self.closed:
                raise QueueClosed
            # A bare future, since the overhead of an Event is measurable at 50 waits a second per voice.
            reader = self._reader = asyncio.get_running_loop().create_future()
            try:
                await reader
            finally:
                if self._reader is reader:
                    self._reader = None
        item, weight = self._items.popleft()
        self.weight -= weight
        if self.weight < self.limit:
            self._room.set()
        return item

    async def room(self) -> None:
        """Wait until the queue is below its limit and an item was taken since the last refusal, or until it is closed."""
        await self._room.wait()

    async def put_when_room(self, item: T, weight: int = 1) -> bool:
        """Wait for room, then put. Return False if the queue was closed in the meantime."""
        while not self.closed and not self.put(item, weight):
            await self._room.wait()
        return not self.closed

    def clear(self) -> None:
        """Drop all queued items."""
        self._items.clear()
        self.weight = 0
        self._room.set()

    def close(self, *, discard: bool = False) -> None:
        """Refuse new items; queued ones are still delivered unless discarded."""
        self.closed = True
        if discard:
            self.clear()
        self._wake()
        self._room.set()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)
