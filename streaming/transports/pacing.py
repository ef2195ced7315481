"""The clock by which sound goes out: in real time, never far ahead, without drift. Knows no sound and no network.

Blocks are due one after the other at the speed at which they are played, however long it takes to make and send them; a
client that was given nothing for a while starts anew. Times are in seconds, of any monotonic clock.
"""


class Pace:
    """How far ahead of its client's ears we are; `lead` is how far we may be, which is what its network may jitter."""

    def __init__(self, lead: float) -> None:
        self.lead = lead
        self.reported = 0.0
        """Seconds that were counted as played by `played`."""
        self._until = 0.0
        self._sent = 0.0

    def wait(self, now: float) -> float:
        """Return how long the next block has to wait."""
        return max(0.0, self._until - self.lead - now)

    def sent(self, seconds: float, now: float) -> None:
        """Note that a block went out."""
        self._until = max(self._until, now) + seconds
        self._sent += seconds

    def ahead(self, now: float) -> float:
        """Return for how long the client has something to play."""
        return max(0.0, self._until - now)

    def played(self, now: float) -> float:
        """Return how much was played since this was last asked."""
        played = self._sent - self.ahead(now) - self.reported
        if played <= 0:
            return 0.0
        self.reported += played
        return played

    def clear(self, now: float) -> None:
        """Note that the client forgets what it has not played."""
        self._sent -= self.ahead(now)
        self._until = now
