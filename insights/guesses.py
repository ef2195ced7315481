"""How many wrong tries there were in the last minute, under whatever name a door counts them.

Counted in the cache, where all processes share it. While the cache is away each process counts for itself: guessing stays limited,
and nobody who knows the right word is kept out.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

logger = logging.getLogger(__name__)
T = TypeVar("T")

WINDOW_S = 60
AWAY_S = 5.0
"""How long the cache is left alone after it failed: one that is silent would make everybody wait again and again."""
MOST_COUNTED = 10_000
"""Names that one process counts for itself; the oldest are forgotten."""


class Guesses:
    """The count, as one process knows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._away_until = 0.0

    def wrong(self, name: str) -> int:
        """Return the wrong tries under a name in this minute."""
        return max(self._in_cache(lambda: int(cache.get(_key(name), 0)), 0), self._own_count(name))

    def note(self, name: str) -> None:
        """Count a wrong try."""
        if not self._in_cache(lambda: _count(_key(name)), False):
            with self._lock:
                until, count = self._own.pop(name, (0.0, 0))
                now = time.monotonic()
                self._own[name] = (until, count + 1) if until > now else (now + WINDOW_S, 1)
                while len(self._own) > MOST_COUNTED:
                    self._own.popitem(last=False)

    def _own_count(self, name: str) -> int:
        with self._lock:
            until, count = self._own.get(name, (0.0, 0))
        return count if until > time.monotonic() else 0

    def _in_cache(self, work: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return work()
        except Exception as error:  # whatever the back end raises when it is away
            self._away_until = time.monotonic() + AWAY_S
            logger.warning("the cache is away (%s): wrong tries are counted in each process alone", type(error).__name__)
            return otherwise


def _key(name: str) -> str:
    return f"wrong-tries:{name}"


def _count(key: str) -> bool:
    cache.add(key, 0, WINDOW_S)
    try:
        cache.incr(key)
    except ValueError:  # the minute ended in between
        cache.set(key, 1, WINDOW_S)
    return True


guesses = Guesses()
"""Those of this process."""
