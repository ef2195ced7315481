"""Pacing of outgoing audio: in real time, at most `lead` seconds ahead, without drift. No I/O.

Each block is due when the one before it has been played, however long it takes to produce and send them. After a stall, caused by
the network or a busy machine, the delayed blocks are sent at once: if they were paced, all later audio would stay late. A client without
a jitter buffer had nothing to play meanwhile, and holds that much more afterwards, which `catch_up` limits. Times are in seconds of any
monotonic clock.
"""

import math
from collections.abc import Callable

STALL_S = 1.0
"""A pause of up to this many seconds is a stall, after which sending catches up; in a longer one there was no audio to send."""


def _never(now: float) -> float:
    return 0.0


class PlaybackPace:
    """Keeps track of how far ahead of playback the sent audio is.

    Args:
        lead: seconds that audio may be sent ahead, to hide the network's jitter.
        stalled: returns for how many seconds this process itself was recently stalled; such a pause counts as a stall at any length.
        stall: the longest other pause, in seconds, that counts as a stall.
    """

    def __init__(self, lead: float, stalled: Callable[[float], float] = _never, stall: float = STALL_S) -> None:
        self.lead = lead
        self.catch_up = math.inf
        """Seconds of audio beyond `lead` that a client without a jitter buffer may hold after a stall."""
        self._stalled = stalled
        self._stall = stall
        self._due = 0.0
        self._until = 0.0
        self._unplayed = 0.0
        self._paused = 0.0
        self._begins = False  # the next block is the first after `clear`: not late, however long it takes
        self._held: float | None = None  # seconds that the client holds while it does not play

    def begin(self, now: float) -> None:
        """Start: the next block is due now."""
        self._due = now

    def resume(self, now: float) -> None:
        """Continue after a pause of the audio, of any length: the next block is due when the client has played what it has."""
        due = max(now, self._until)
        self._paused += max(0.0, due - self._due)
        self._due = due

    def wait(self, now: float) -> float:
        """Return for how many seconds the next block has to wait."""
        if self._begins:
            self._begins, self._due = False, max(now, self._due)
        return max(0.0, self._due - self.lead - now)

    def sent(self, seconds: float, now: float) -> float:
        """Count a sent block of so many seconds. Return the seconds of pause before it, 0 if there was none or only a stall."""
        pause, self._paused = self._paused, 0.0
        if self._due < now - self._stall and self._due < now - self._stall - self._stalled(now):
            pause, self._due = pause + now - self._due, now
        self._due += seconds
        if self._held is not None:
            self._held += seconds
        self._until = max(self._until, now) + seconds
        self._due = max(self._due, self._until - self.catch_up)
        self._unplayed += seconds
        return pause

    def ahead(self, now: float) -> float:
        """Return how many seconds of audio the client still has to play."""
        return max(0.0, self._until - now) if self._held is None else self._held

    def played(self, now: float) -> float:
        """Return how many seconds were played since the last call."""
        played = max(0.0, self._unplayed - self.ahead(now))
        self._unplayed -= played
        return played

    def clear(self, now: float) -> None:
        """Account for the client dropping what it has not played."""
        self._unplayed -= self.ahead(now)
        self._held = None
        self._until = self._due = now
        self._begins = True

    def hold(self, now: float) -> None:
        """Account for the client playing nothing until `release`, and keeping what it has."""
        self._held = self.ahead(now)

    def release(self, now: float) -> None:
        """Account for the client playing on."""
        if self._held is not None:
            self._until, self._held = now + self._held, None
