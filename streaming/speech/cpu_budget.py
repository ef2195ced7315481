"""CPU budget for decoding the audio of one session.

There are two limits: a rate (a session above it waits) and a price per second of audio and per byte (a session above it ends).
All costs are CPU time of the decoding thread, so load on the machine does not make a session look expensive.
"""

import time

CPU_PER_WALL_S = 0.1
"""CPU seconds of decoding per second of wall time. At 1 to 2 ms per second of audio this is 50 to 100 times real time, about the speed
of recognition."""
BURST_CPU_S = 0.5
"""CPU seconds by which a session may exceed that rate: 150 s of FLAC or Opus, sent again after a restart, take 0.2 to 0.5 s."""
CPU_PER_AUDIO_S = 0.25
"""CPU seconds that one second of decoded audio may cost: about 100 times the cost of FLAC at 48 kHz, 25 times the cost of Opus in
packets of 2.5 ms."""
CPU_PER_BYTE = 0.2e-6
"""CPU seconds that one byte may cost in addition, whether it becomes audio or not: skipping pictures and other tracks takes 0.01e-6,
headers without a valid frame take 2e-6."""
GRACE_CPU_S = 0.5
"""CPU seconds by which a session may exceed these prices in total. The first packet, which opens the decoder, takes less than 0.05."""
ERROR_CPU_S = 0.02
"""CPU seconds added to the rate for a rejected chunk, for the event loop's work on the error message. Not part of the price."""


class CpuBudget:
    """The budget of one session. Call `spend` and `wait_s` only from the thread that decodes for the session at the time."""

    def __init__(self) -> None:
        self._level = BURST_CPU_S  # below 0 the session has to wait
        self._refilled_at = time.monotonic()
        self._debt_s = 0.0

    def spend(self, cpu_s: float, *, audio_s: float, consumed: int, errors: int) -> None:
        """Record a portion of work: its CPU time, the seconds of audio decoded, the bytes consumed and the chunks rejected."""
        self._refill()
        self._level -= cpu_s + errors * ERROR_CPU_S
        self._debt_s = max(0.0, self._debt_s + cpu_s - audio_s * CPU_PER_AUDIO_S - consumed * CPU_PER_BYTE)

    @property
    def wait_s(self) -> float:
        """Seconds until the session may decode again; 0 if it may decode now."""
        self._refill()
        return max(0.0, -self._level / CPU_PER_WALL_S)

    @property
    def exceeded(self) -> bool:
        """Whether the session's audio costs more CPU than any real audio does."""
        return self._debt_s > GRACE_CPU_S

    def _refill(self) -> None:
        now = time.monotonic()
        self._level = min(BURST_CPU_S, self._level + (now - self._refilled_at) * CPU_PER_WALL_S)
        self._refilled_at = now
