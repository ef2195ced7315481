"""The clock by which sound goes out: in real time, never far ahead, without drift. Knows no sound and no network.

Blocks are due one after the other at the speed at which they are played, however long it takes to make and send them. A voice
that stalls for a moment, because a network or a busy machine held it up, is caught up with at once: what waits for real time after
a stall would be late for ever. Times are in seconds, of any monotonic clock.
"""

from collections.abc import Callable

STALL_S = 1.0
"""A pause of so much is a stall, to be caught up with; in a longer one there was nothing to say."""


def _never(now: float) -> float:
    return 0.0


class Pace:
    """How far ahead of its client's ears we are.

    Args:
        lead: how far ahead we may be, which is what the client's network may jitter.
        stalled: tells for how long this process itself stood still of late; such a pause is a stall however long it was.
        stall: the longest other pause that is one.
    """

    def __init__(self, lead: float, stalled: Callable[[float], float] = _never, stall: float = STALL_S) -> None:
        self.lead = lead
        self._stalled = stalled
        self._stall = stall
        self._due = 0.0
        self._until = 0.0
        self._unplayed = 0.0

    def begin(self, now: float) -> None:
        """Note that the client may expect sound from now on."""
        self._due = now

    def wait(self, now: float) -> float:
        """Return how long the next block has to wait."""
        return max(0.0, self._due - self.lead - now)

    def sent(self, seconds: float, now: float) -> float:
        """Note that a block went out; return how long the pause before it was, 0 where there was none or only a stall."""
        pause = 0.0
        if self._due < now - self._stall and self._due < now - self._stall - self._stalled(now):
            pause, self._due = now - self._due, now
        self._due += seconds
        self._until = max(self._until, now) + seconds
        self._unplayed += seconds
        return pause

    def ahead(self, now: float) -> float:
        """Return for how long the client has something to play."""
        return max(0.0, self._until - now)

    def played(self, now: float) -> float:
        """Return how much was played since this was last asked."""
        played = max(0.0, self._unplayed - self.ahead(now))
        self._unplayed -= played
        return played

    def clear(self, now: float) -> None:
        """Note that the client forgets what it has not played."""
        self._unplayed -= self.ahead(now)
        self._until = self._due = now
