"""Counters of failed attempts, shared by all processes through the cache.

While the cache is unreachable each process counts for itself: attempts stay limited, and the right credentials still work.
`insights.access.attempts` defines what is counted and the limits.
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

CACHE_RETRY_S = 5.0
"""Seconds for which a cache that failed is not called again, as each call to an unresponsive cache would wait for its timeout."""
MAX_OWN_COUNTERS = 10_000
"""Counters that one process keeps while the cache is unreachable; the oldest are dropped."""


class RateLimit:
    """Counters with a fixed window: the window starts with the first event, and the counter is zero when it has passed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._retry_at = 0.0

    def counts(self, names: Collection[str]) -> dict[str, int]:
        """Return the value of each counter, 0 if it does not exist. One request to the cache."""
        cached: dict[str, int] = self._in_cache(lambda: cache.get_many([_key(name) for name in names]), {})
        return {name: max(int(cached.get(_key(name), 0)), self._own_count(name)) for name in names}

    def add(self, name: str, window_s: float) -> int:
        """Count one event and return the new value. A new counter expires after `window_s` seconds."""
        count = self._in_cache(lambda: _increment(_key(name), window_s), 0)
        return count or self._add_own(name, window_s)

    def mark(self, name: str, window_s: float) -> None:
        """Set a counter to 1 for the next `window_s` seconds."""
        if not self._in_cache(lambda: _set(_key(name), window_s), False):
            self._store_own(name, time.monotonic() + window_s, 1)

    def reset(self) -> None:
        """Clear the counters of this process itself (for tests)."""
        with self._lock:
            self._own.clear()
        self._retry_at = 0.0

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

    def _in_cache(self, call: Callable[[], T], fallback: T) -> T:
        """Return the result of a call to the cache; the fallback if it fails or failed within the last `CACHE_RETRY_S` seconds."""
        if time.monotonic() < self._retry_at:
            return fallback
        try:
            return call()
        except Exception as error:  # the back ends have no common base class of errors
            self._retry_at = time.monotonic() + CACHE_RETRY_S
            logger.warning("the cache is unreachable (%s): each process counts failed attempts for itself", type(error).__name__)
            return fallback


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
