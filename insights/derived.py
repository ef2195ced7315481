"""In-memory cache of values that are computed from all messages of a conversation.

A value is updated with the messages after the last one that it includes, or computed again if an event changed older messages. Each
process has its own cache; after a restart, the first request for a conversation reads all of its messages. The recorder removes deleted
conversations from the cache.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

KEPT_S = 600.0
"""Seconds for which an unused value is kept."""


class Sized(Protocol):
    """A value whose length measures the memory that it takes, in its own unit."""

    def __len__(self) -> int:
        """Return the number of units."""
        ...


T = TypeVar("T", bound=Sized)


@dataclass(slots=True)
class CachedValue(Generic[T]):
    """A value with the numbers of the last message and the last event that it includes; both -1: none. Hold `lock` while using it."""

    value: T
    message: int = -1
    event: int = -1
    used_at: float = 0.0
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Derived(Generic[T]):
    """An LRU cache of one value per conversation, of at most `most` units in all. The last used value is always kept."""

    def __init__(self, make: Callable[[], T], most: int) -> None:
        self._make, self._most = make, most
        self._entries: OrderedDict[int, CachedValue[T]] = OrderedDict()
        self._lock = threading.Lock()
        register(self.forget, self.conversation_ids)

    @contextmanager
    def of(self, conversation_id: int, before_waiting: Callable[[], None]) -> Iterator[CachedValue[T]]:
        """Lock and yield the entry of a conversation. A thread that has to wait for the lock calls `before_waiting` first.

        An exception resets the entry.
        """
        with self._lock:
            entry = self._entries.setdefault(conversation_id, CachedValue(self._make()))
            entry.used_at = time.monotonic()
            self._entries.move_to_end(conversation_id)
        if not entry.lock.acquire(blocking=False):
            before_waiting()
            entry.lock.acquire()
        try:
            yield entry
        except BaseException:
            self.reset(entry)
            raise
        finally:
            entry.size = len(entry.value) + 1
            entry.lock.release()
            self._evict()

    def reset(self, entry: CachedValue[T]) -> None:
        """Replace the value of an entry, which the caller has locked, by a new, empty one."""
        entry.value, entry.message, entry.event = self._make(), -1, -1

    def forget(self, conversation_id: int) -> None:
        """Remove the value of a conversation."""
        with self._lock:
            self._entries.pop(conversation_id, None)

    def conversation_ids(self) -> set[int]:
        """Return the conversations that have a value."""
        with self._lock:
            return set(self._entries)

    def _evict(self) -> None:
        with self._lock:
            oldest = time.monotonic() - KEPT_S
            held = sum(entry.size for entry in self._entries.values())
            while len(self._entries) > 1:
                entry = next(iter(self._entries.values()))
                if held <= self._most and entry.used_at >= oldest:
                    break
                held -= entry.size
                self._entries.popitem(last=False)


_caches: list[tuple[Callable[[int], None], Callable[[], set[int]]]] = []


def register(forget: Callable[[int], None], conversation_ids: Callable[[], set[int]]) -> None:
    """Include a cache of words, in any module, in the deletion of conversations: both functions must be quick, and safe in any thread."""
    _caches.append((forget, conversation_ids))


def forget(conversation_id: int) -> None:
    """Remove everything that this process has cached of a conversation."""
    for forget_one, _ in _caches:
        forget_one(conversation_id)


def cached() -> set[int]:
    """Return the conversations of which this process has cached anything."""
    return set().union(*(conversation_ids() for _, conversation_ids in _caches))
