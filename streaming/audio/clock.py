"""Converts the time of a recognition (seconds since the first sample fed) to wall-clock time.

`Clock` is for a client that says nothing about the time of its audio: the audio is dated by its arrival. Such a client sends nothing while
its microphone is paused, so its audio falls behind the wall clock. Whenever it has fallen behind by more than BEHIND_S, a new anchor is
set. Audio that comes faster than real time sets no anchor.

`DatedClock` is for a client that says when its first sample was recorded, for example because it sends buffered audio again after a lost
connection. `SteadyTime` gives the time of arrival for both.
"""

import threading
import time
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

BEHIND_S = 1.0
"""Seconds that audio may fall behind before it counts as a pause; less is network jitter."""
MOST_ANCHORS = 10_000


class SteadyTime:
    """Wall-clock time that does not jump when the clock of the machine is set: the time of the start plus the time passed since then."""

    def __init__(self) -> None:
        self._started_at, self._started = datetime.now(UTC), time.monotonic()

    def at(self, monotonic: float) -> datetime:
        """Return the wall-clock time of a value of `time.monotonic()`."""
        return self._started_at + timedelta(seconds=monotonic - self._started)

    def now(self) -> datetime:
        """Return the time now."""
        return self.at(time.monotonic())


_shared: WeakValueDictionary[int, SteadyTime] = WeakValueDictionary()


def steady_time_of(conversation_id: int) -> SteadyTime:
    """Return the time that all sessions of a conversation in this process share while one of them refers to it.

    A session that joins after the machine's clock was set has the same time as those that joined before.
    """
    return _shared.get(conversation_id) or _shared.setdefault(conversation_id, SteadyTime())


class Clock:
    """Maps positions in the audio to wall-clock times by anchors, each a position and its time of arrival. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._places: list[float] = []
        self._moments: list[datetime] = []

    def arrived(self, place: float, now: datetime) -> None:
        """Record that the audio at `place` (seconds) arrives at `now`; call it before each chunk, with increasing places."""
        with self._lock:
            if not self._places or self._behind(place, now) > BEHIND_S:
                self._anchor(place, now)

    def ended(self, place: float, now: datetime) -> None:
        """Record that a chunk that arrived at `now` ends at `place` (seconds); call it after each chunk."""

    def skipped(self, place: float, seconds: float) -> None:
        """Record that the audio from `place` (seconds) on was recorded this long after the audio before it; none before the first audio."""
        with self._lock:
            if self._places:
                self._anchor(place, self.at(place) + timedelta(seconds=seconds))

    def at(self, place: float) -> datetime:
        """Return the wall-clock time of the audio at `place` (seconds). Raises ValueError before any audio arrived."""
        with self._lock:
            if not self._places:
                raise ValueError("no audio has arrived yet")
            index = max(0, bisect_right(self._places, place) - 1)
            return self._from(index, place)

    def _from(self, index: int, place: float) -> datetime:
        return self._moments[index] + timedelta(seconds=place - self._places[index])

    def _behind(self, place: float, now: datetime) -> float:
        """Return the seconds by which the audio at `place`, which is not before the last anchor, is behind `now`."""
        return (now - self._moments[-1]).total_seconds() - (place - self._places[-1])

    def _anchor(self, place: float, now: datetime) -> None:
        if len(self._places) == MOST_ANCHORS:
            del self._places[0], self._moments[0]
        self._places.append(place)
        self._moments.append(now)


class DatedClock(Clock):
    """The clock of a client that says when its first sample was recorded, and whose audio is continuous from there to the present.

    The client sends the past faster than real time. Until it has caught up with the present, delays of the network and of the server
    are no pauses. No audio is dated later than its arrival: an anchor that turns out to be too late, because audio that was held up
    arrives in a burst, is set earlier or removed.
    """

    def __init__(self, first: datetime) -> None:
        super().__init__()
        self._anchor(0.0, first)
        self._caught_up = False

    def arrived(self, place: float, now: datetime) -> None:
        """Record that the audio at `place` (seconds) arrives at `now`; call it before each chunk, with increasing places."""
        with self._lock:
            if self._behind(place, now) <= BEHIND_S:
                self._caught_up = True
            elif self._caught_up:
                self._anchor(place, now)

    def ended(self, place: float, now: datetime) -> None:
        """Record that a chunk that arrived at `now` ends at `place` (seconds); call it after each chunk."""
        with self._lock:
            while (ahead := self.at(place) - now) > timedelta():
                earlier = self._moments[-1] - ahead
                if len(self._places) == 1 or earlier > self._from(-2, self._places[-1]):
                    self._moments[-1] = earlier
                    return
                del self._places[-1], self._moments[-1]
