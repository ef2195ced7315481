"""Buffering of silence, which keeps idle sessions cheap.

Processing 20 ms of silence costs little; waking all tasks for it costs much. While a handler is idle, blocks that are no louder than the
background noise are therefore held back until the next quarter of a second of the clock. All sessions release their blocks then, so that
the VAD model processes them in one batch. A louder block is released at once, behind the held ones. No audio is dropped: the loudness
decides when a block is processed, never whether.
"""

import time
from collections.abc import Callable

from streaming.audio import mulaw
from streaming.types.client_connection import Pcm

AudioBlock = Pcm | bytes
"""A block of a client's audio: int16 of shape (n,), or mu-law bytes."""

LONGEST_S = 0.25
"""Seconds of audio that are held back (`SILENT_S` after inaudible audio); twice as much where audio arrives faster than real time."""
SILENT_S = 1.0
"""Seconds of inaudible audio after which a client counts as silent."""
AWAKE_S = 0.5
"""Seconds after a loud block in which nothing is held back."""

_LOUDER = 1.5  # times the background level: found on recordings, see docs/develop/performance-streams.md
_INAUDIBLE = 3.0  # mean absolute sample of a block, of 32,768, up to which nothing is loud
_SAMPLED = 160  # samples of a block, at least, from which its loudness is computed
_DOWN, _UP = 0.3, 0.05  # how fast the background level follows a softer block, and a louder one


class SilenceBuffer:
    """Holds back one client's quiet audio while `is_idle` returns True: silence then has no effect on the handler."""

    def __init__(self, is_idle: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_idle = is_idle
        self._clock = clock
        self._held: list[tuple[AudioBlock, int]] = []
        self._held_s = 0.0
        self._background: float | None = None
        self._awake_s = AWAKE_S
        self._silent_s = 0.0
        self._period = 0
        self.received_s = 0.0
        """Seconds of audio received so far."""

    @property
    def silent(self) -> bool:
        """Whether the audio has been inaudible for `SILENT_S`, as from a muted microphone, and the handler is idle."""
        return self._silent_s >= SILENT_S and self._is_idle()

    def push(self, block: AudioBlock, rate: int) -> list[tuple[AudioBlock, int]]:
        """Take the next block; return the blocks that are released, each with its rate."""
        seconds = len(block) / rate
        self._held.append((block, rate))
        self._held_s += seconds
        self.received_s += seconds
        self._measure(loudness(block), seconds)
        longest = SILENT_S if self._silent_s >= SILENT_S else LONGEST_S
        before, self._period = self._period, int(self._clock() / longest)
        if self._awake_s <= 0 and self._held_s < 2 * longest and self._period == before and self._is_idle():
            return []
        due, self._held, self._held_s = self._held, [], 0.0
        return due

    def _measure(self, level: float, seconds: float) -> None:
        """Compare a block with the background level."""
        background = level if self._background is None else self._background
        self._silent_s = self._silent_s + seconds if level <= _INAUDIBLE else 0.0
        if level > _INAUDIBLE and level > _LOUDER * background:
            self._awake_s = AWAKE_S
        else:
            self._awake_s -= seconds
        self._background = background + (level - background) * (_UP if level > background else _DOWN)


def loudness(block: AudioBlock) -> float:
    """Return the approximate mean absolute int16 sample of a block; 0 for an empty one."""
    if isinstance(block, bytes):
        return mulaw.loudness(block)
    some: list[int] = block[:: max(1, len(block) // _SAMPLED)].tolist()  # faster than numpy for so few samples
    return sum(map(abs, some)) / len(some) if some else 0.0


def samples_of(block: AudioBlock) -> Pcm:
    """Return a block as int16 samples of shape (n,)."""
    return mulaw.decode(block) if isinstance(block, bytes) else block
