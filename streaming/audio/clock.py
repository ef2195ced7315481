"""Converts the time of a recognition (seconds since the first sample fed) to wall-clock time.

A client that pauses its microphone sends nothing, so its audio falls behind the wall clock. Whenever it has fallen behind by more than
BEHIND_S, a new anchor is set. Audio that comes faster than real time sets no anchor.
"""

from bisect import bisect_right
from datetime import datetime, timedelta

BEHIND_S = 1.0
"""Seconds that audio may fall behind before it counts as a pause; less is network jitter."""
MOST_ANCHORS = 10_000


class Clock:
    """Maps positions in the audio to wall-clock times by anchors, each a position and its time of arrival."""

    def __init__(self) -> None:
        self._places: list[float] = []
        self._moments: list[datetime] = []

    def arrived(self, place: float, now: datetime) -> None:
        """Record that the audio at `place` (seconds) arrives at `now`; call it before each chunk, with increasing places."""
        if not self._places or (now - self.at(place)).total_seconds() > BEHIND_S:
            if len(self._places) == MOST_ANCHORS:
                del self._places[0], self._moments[0]
            self._places.append(place)
            self._moments.append(now)

    def at(self, place: float) -> datetime:
        """Return the wall-clock time of the audio at `place` (seconds). Raises ValueError before any audio arrived."""
        if not self._places:
            raise ValueError("no sound has arrived yet")
        index = max(0, bisect_right(self._places, place) - 1)
        return self._moments[index] + timedelta(seconds=place - self._places[index])
