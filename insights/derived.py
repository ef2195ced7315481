"""What is derived from all messages of a conversation, kept in memory so that it is not derived anew for each request.

A value is caught up with the messages after the last one that it knows, or made anew where an event changed older ones. It lives in one
process only; a restart costs one reading of each conversation that is asked for. The recorder forgets removed conversations.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

KEPT_S = 600.0
"""Seconds for which a value is kept that nobody asks for."""


class Sized(Protocol):
    """A value that knows how much memory it takes, in units of its own."""

    def __len__(self) -> int:
        """Return how many units it holds."""
        ...


T = TypeVar("T", bound=Sized)


@dataclass(slots=True)
class Entry(Generic[T]):
    """A value with the numbers of the last message and the last event that it knows; both -1: none. Used under its lock."""

    value: T
    message: int = -1
    event: int = -1
    used_at: float = 0.0
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Derived(Generic[T]):
    """The values of the conversations that were asked for lately: at most `most` units in all, the latest used one always."""

    def __init__(self, make: Callable[[], T], most: int) -> None:
        self._make, self._most = make, most
        self._entries: OrderedDict[int, Entry[T]] = OrderedDict()
        self._guard = threading.Lock()
        _forgetters.append(self.forget)

    @contextmanager
    def of(self, conversation_id: int, before_waiting: Callable[[], None]) -> Iterator[Entry[T]]:
        """Hold the entry of a conversation; others who want the same one wait, and call `before_waiting` before.

        An exception makes the entry start anew.
        """
        with self._guard:
            entry = self._entries.setdefault(conversation_id, Entry(self._make()))
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
            self._make_room()

    def reset(self, entry: Entry[T]) -> None:
        """Let an entry, which the caller holds, start anew."""
        entry.value, entry.message, entry.event = self._make(), -1, -1

    def forget(self, conversation_id: int) -> None:
        """Drop the value of a conversation."""
        with self._guard:
            self._entries.pop(conversation_id, None)

    def _make_room(self) -> None:
        with self._guard:
            oldest = time.monotonic() - KEPT_S
            held = sum(entry.size for entry in self._entries.values())
            while len(self._entries) > 1:
                entry = next(iter(self._entries.values()))
                if held <= self._most and entry.used_at >= oldest:
                    break
                held -= entry.size
                self._entries.popitem(last=False)


_forgetters: list[Callable[[int], None]] = []


def forget(conversation_id: int) -> None:
    """Drop all that is derived from a conversation in this process."""
    for drop in _forgetters:
        drop(conversation_id)
