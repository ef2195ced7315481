"""How much CPU the decoding of one session may take: a rate (above it the session waits) and a price (above it the session ends).

All costs are CPU time of the decoding thread, so a busy machine makes no session look expensive.
"""

import time

CPU_PER_WALL_S = 0.1
"""CPU seconds that decoding may take per second of wall time: at 1 to 2 ms per second of audio, 50 to 100 times real time, which is
about what recognition manages."""
BURST_CPU_S = 0.5
"""CPU seconds that a session may be ahead of that: 150 s of FLAC or Opus sent again after a restart take 0.2 to 0.5 s."""
CPU_PER_AUDIO_S = 0.25
"""CPU seconds that one second of decoded audio may cost: about 100 times the price of FLAC at 48 kHz, 25 times that of Opus in
packets of 2.5 ms."""
CPU_PER_BYTE = 0.2e-6
"""CPU seconds that one byte may cost beside that, whether it becomes audio or not: reading past pictures and other tracks takes
0.01e-6, headers that lead nowhere take 2e-6."""
GRACE_CPU_S = 0.5
"""CPU seconds that a session may owe beyond these prices; the first packet, which opens the decoder, takes less than 0.05."""
ERROR_CPU_S = 0.02
"""What a refused chunk counts in the rate beside its cost: the error message is work for the event loop. Not part of the price."""


class CpuBudget:
    """The account of one session. `spend` and `wait_s` belong to whichever thread decodes for it at the time."""

    def __init__(self) -> None:
        self._level = BURST_CPU_S  # below 0: the session has to wait
        self._at = time.monotonic()
        self._owed = 0.0

    def spend(self, cpu_s: float, *, audio_s: float, consumed: int, errors: int) -> None:
        """Enter what a piece of work cost, how many seconds of audio and refused chunks came of it, and how many bytes it used up."""
        self._refill()
        self._level -= cpu_s + errors * ERROR_CPU_S
        self._owed = max(0.0, self._owed + cpu_s - audio_s * CPU_PER_AUDIO_S - consumed * CPU_PER_BYTE)

    @property
    def wait_s(self) -> float:
        """Seconds until the session may decode again; 0 where it may now."""
        self._refill()
        return max(0.0, -self._level / CPU_PER_WALL_S)

    @property
    def exceeded(self) -> bool:
        """Whether the session's audio costs more than any real audio does."""
        return self._owed > GRACE_CPU_S

    def _refill(self) -> None:
        now = time.monotonic()
        self._level = min(BURST_CPU_S, self._level + (now - self._at) * CPU_PER_WALL_S)
        self._at = now
