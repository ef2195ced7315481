"""Estimates the rate of live audio from its arrival, to find a client that states another rate than it sends.

A live source sends as many samples per second as it records. A client that states 16 kHz and sends 44.1 kHz is decoded 2.76 times too
slowly, so that hardly a word is recognised; nothing else shows the mistake.
"""

from collections import deque

COMMON_RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Rates of microphones and files in Hz."""
WITHIN = 0.03
"""Largest relative deviation of a measured rate from a common one. Neighbouring common rates differ by 9 % and more."""
STEADY_S = 3.0
"""Seconds of steady arrival that a measurement needs."""
JITTER_S = 0.075
"""Seconds that a chunk of steady audio may come too early or too late."""
LONGEST_GAP_S = 0.4
"""Seconds between two chunks above which the measurement starts again: the microphone was muted, or chunks are too long to measure."""
AHEAD_S = 3.0
"""Seconds of audio at the highest rate that may come at once; more is a file, or buffered audio, and no longer measured."""
MOST_CHUNKS = 4_096
"""Chunks of one measurement; a client that sends more is not measured."""

_MULTIPLES = (1.5, 2.0, 3.0, 4.0, 6.0)
_USUAL_MS = frozenset({10.0, 20.0, 40.0, 100.0, 200.0, 250.0, 500.0, 1000.0})


class ArrivalRate:
    """Measures one source of PCM audio until it is certain; a client that changes its rate needs a new one.

    Args:
        stated: the rate that the client states, in Hz.
        sample_bytes: bytes of one sample.
    """

    def __init__(self, stated: int, sample_bytes: int) -> None:
        self._stated = stated
        self._sample_bytes = sample_bytes
        self._chunks: deque[tuple[float, float, int]] = deque()
        self._began: float | None = None
        self._total = 0.0
        self._done = False

    def arrived(self, size: int, now: float) -> int | None:
        """Record a chunk of `size` bytes at `now`, in seconds of a steady clock.

        Return the likely rate, at most once, if another one was stated.
        """
        if self._done:
            return None
        if self._began is None:
            self._began = now
        else:
            self._total += size / self._sample_bytes  # the samples of the first chunk were recorded before it arrived
        ahead = self._total > (now - self._began + AHEAD_S) * COMMON_RATES[-1] * (1 + WITHIN)
        if ahead or len(self._chunks) == MOST_CHUNKS:
            self._finish()
            return None
        if self._chunks and now - self._chunks[-1][0] > LONGEST_GAP_S:
            self._chunks.clear()
        self._chunks.append((now, self._total, size))
        return self._measured(now) if now - self._chunks[0][0] >= STEADY_S else None

    def _measured(self, now: float) -> int | None:
        """Return the likely rate of the last seconds if it is certain and another one was stated."""
        first, before, _ = self._chunks[0]
        rate = (self._total - before) / (now - first)
        steady = all(abs((total - before) / rate - (at - first)) <= JITTER_S for at, total, _ in self._chunks)
        if steady and _matches(rate, self._stated):
            self._finish()
        elif steady and (likely := next((common for common in COMMON_RATES if _matches(rate, common)), None)):
            sped_up = self._looks_sped_up(likely)
            self._finish()
            return None if sped_up else likely
        while self._chunks and now - self._chunks[0][0] > STEADY_S - 1:
            self._chunks.popleft()
        return None

    def _looks_sped_up(self, likely: int) -> bool:
        """Return whether this is rather a file that is sent at twice or three times its speed than live audio of another rate.

        Their arrival is the same, but programs cut a file into chunks of a usual duration at the rate of the file, and microphones give
        chunks of a usual duration at their own rate, or of 2**n samples.
        """
        factor = likely / self._stated
        sizes = {size for _, _, size in self._chunks}
        if factor not in _MULTIPLES or len(sizes) != 1:
            return False
        samples = sizes.pop() // self._sample_bytes
        if samples.bit_count() == 1 or 1000 * samples / self._stated not in _USUAL_MS:
            return False
        return factor == 2 or 1000 * samples / likely not in _USUAL_MS

    def _finish(self) -> None:
        self._done = True
        self._chunks.clear()


def _matches(rate: float, common: int) -> bool:
    return abs(rate / common - 1) <= WITHIN
