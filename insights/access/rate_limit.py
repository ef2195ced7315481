"""Counters of failed attempts, shared by all processes through the cache.

While the cache is away each process counts for itself: guessing stays limited, and the right credentials still work.
`insights.access.attempts` decides what is counted and what the limits are.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TypeVar

from django.core.cache import cache

logger = logging.getLogger(__name__)
T = TypeVar("T")

AWAY_S = 5.0
"""Seconds for which a cache that failed is not asked again: each call to a silent cache would wait for its timeout."""
MAX_OWN_COUNTERS = 10_000
"""Counters that one process keeps while the cache is away; the oldest are dropped."""


class RateLimit:
    """Counters with a fixed window: a counter starts with its first event and is zero again when its window has passed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._away_until = 0.0

    def counts(self, names: Collection[str]) -> dict[str, int]:
        """Return the current value of each counter, 0 for one that does not exist. One request to the cache."""
        cached: dict[str, int] = self._in_cache(lambda: cache.get_many([_key(name) for name in names]), {})
        return {name: max(int(cached.get(_key(name), 0)), self._own_count(name)) for name in names}

    def add(self, name: str, window_s: float) -> int:
        """Count one event and return the new value; a new counter lives for `window_s` seconds."""
        count = self._in_cache(lambda: _increment(_key(name), window_s), 0)
        return count or self._add_own(name, window_s)

    def mark(self, name: str, window_s: float) -> None:
        """Set a counter to 1 for the next `window_s` seconds, whatever it was."""
        if not self._in_cache(lambda: _set(_key(name), window_s), False):
            self._store_own(name, time.monotonic() + window_s, 1)

    def reset(self) -> None:
        """Forget what this process counted for itself (for tests)."""
        with self._lock:
            self._own.clear()
        self._away_until = 0.0

    def _own_count(self, name: str) -> int:
        with self._lock:
            until, count = self._own.get(name, (0.0, 0))
        return count if until > time.monotonic() else 0

    def _add_own(self, name: str, window_s: float) -> int:
        with self._lock:
            until, count = self._own.get(name, (0.0, 0))
        now = time.monotonic()
        until, count = (until, count + 1) if until > now else (now + window_s, 1)
        self._store_own(name, until, count)
        return count

    def _store_own(self, name: str, until: float, count: int) -> None:
        with self._lock:
            self._own.pop(name, None)
            self._own[name] = (until, count)
            while len(self._own) > MAX_OWN_COUNTERS:
                self._own.popitem(last=False)

    def _in_cache(self, work: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return work()
        except Exception as error:  # whatever the back end raises when it is away
            self._away_until = time.monotonic() + AWAY_S
            logger.warning("the cache is away (%s): each process counts failed attempts for itself", type(error).__name__)
            return otherwise


def _key(name: str) -> str:
    return f"failures:{name}"


def _increment(key: str, window_s: float) -> int:
    cache.add(key, 0, window_s)
    try:
        return int(cache.incr(key))
    except ValueError:  # the window ended between the two calls
        cache.set(key, 1, window_s)
        return 1


def _set(key: str, window_s: float) -> bool:
    cache.set(key, 1, window_s)
    return True


rate_limit = RateLimit()
"""The counters of this process."""
