"""From a recognition's own time, seconds since the first sample fed, to the clock on the wall.

A client that pauses its microphone sends nothing meanwhile, so that its sound falls behind the wall; each time it has
fallen behind far enough, an anchor is set. Sound that comes faster than real time sets none: it keeps its own pace.
"""

from bisect import bisect_right
from datetime import datetime, timedelta

BEHIND_S = 1.0
"""So far may sound fall behind before that counts as a pause; less is the jitter of a network."""
MOST_ANCHORS = 10_000


class Clock:
    """Anchors, each a place in the sound and the moment at which it arrived."""

    def __init__(self) -> None:
        self._places: list[float] = []
        self._moments: list[datetime] = []

    def arrived(self, place: float, now: datetime) -> None:
        """Note that the sound at `place` (seconds) arrives at `now`; called before each chunk, with growing places."""
        if not self._places or (now - self.at(place)).total_seconds() > BEHIND_S:
            if len(self._places) == MOST_ANCHORS:
                del self._places[0], self._moments[0]
            self._places.append(place)
            self._moments.append(now)

    def at(self, place: float) -> datetime:
        """Return when the sound at `place` was said. Raises ValueError before anything arrived."""
        if not self._places:
            raise ValueError("no sound has arrived yet")
        index = max(0, bisect_right(self._places, place) - 1)
        return self._moments[index] + timedelta(seconds=place - self._places[index])
