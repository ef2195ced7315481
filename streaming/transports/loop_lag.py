"""Measures recent stalls of the event loop: audio that a busy machine delayed is sent at once, not paced (see pacing.py)."""

import asyncio
from collections import deque

TICK_S = 0.5
LATE_S = 0.05
"""Delays below this many seconds are no stall."""
REMEMBERED_S = 10.0


class Lag:
    """A periodic timer of one event loop that records by how much it fired too late; it runs while it has users."""

    def __init__(self) -> None:
        self._users = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stalls: deque[tuple[float, float]] = deque(maxlen=int(REMEMBERED_S / TICK_S))

    def need(self) -> None:
        """Add a user; the first one starts the timer."""
        self._users += 1
        if self._timer is None:
            self._wait()

    def release(self) -> None:
        """Remove a user; the last one stops the timer."""
        self._users -= 1
        if not self._users and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stalled(self, now: float) -> float:
        """Return for how many of the last REMEMBERED_S seconds the loop was stalled; `now` is the loop's time."""
        late = max(0.0, now - self._due) if self._timer is not None else 0.0
        return late + sum(seconds for at, seconds in self._stalls if at > now - REMEMBERED_S)

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + TICK_S
        self._timer = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._due > LATE_S:
            self._stalls.append((now, now - self._due))
        self._wait()
