"""Sound of a session in which nobody speaks: what keeps an idle session cheap.

Twenty milliseconds of an empty room cost little to hear, and much to wake everybody for. So while a handler is at rest, sound that is
no louder than the room waits, as it came, for the next quarter of a second by the clock, when all sessions give on what they have, so
that the model hears them together. The first louder block goes on at once, behind what waited. Nothing is left out: how loud a block is
decides when it is heard, never whether.
"""

import time
from collections.abc import Callable

from streaming.audio import mulaw
from streaming.types.client_connection import Pcm

TranscriptUpdate = Pcm | bytes
"""A client's sound: int16 of shape (n,), or mu-law bytes that nobody has decoded yet."""

LONGEST_S = 0.25
"""So much sound may wait, twice as much where it comes faster than it is spoken; of what nobody could hear, `SILENT_S`."""
SILENT_S = 1.0
AWAKE_S = 0.5
"""For so long after a loud block nothing waits."""

_LOUDER = 1.5  # than the room: found on recordings, see docs/develop/performance-streams.md
_INAUDIBLE = 3.0  # of 32,768, on the average of a block: up to here nothing is loud
_LOOKED_AT = 160  # samples of a block, at least, whose loudness is taken
_DOWN, _UP = 0.3, 0.05  # how fast the idea of the room follows a softer block, and a louder one


class SilenceBuffer:
    """Holds one client's sound back while `at_rest` says that silence would change nothing."""

    def __init__(self, at_rest: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._at_rest = at_rest
        self._clock = clock
        self._held: list[tuple[TranscriptUpdate, int]] = []
        self._held_s = 0.0
        self._room: float | None = None
        self._awake_s = AWAKE_S
        self._silent_s = 0.0
        self._period = 0
        self.heard_s = 0.0
        """How much sound came so far, in seconds."""

    @property
    def silent(self) -> bool:
        """Whether nothing that came for a while could be heard, as from a muted microphone, nor matters to the handler."""
        return self._silent_s >= SILENT_S and self._at_rest()

    def push(self, block: TranscriptUpdate, rate: int) -> list[tuple[TranscriptUpdate, int]]:
        """Take the next block; return the blocks that are due, each with its rate."""
        seconds = len(block) / rate
        self._held.append((block, rate))
        self._held_s += seconds
        self.heard_s += seconds
        self._listen(loudness(block), seconds)
        longest = SILENT_S if self._silent_s >= SILENT_S else LONGEST_S
        before, self._period = self._period, int(self._clock() / longest)
        if self._awake_s <= 0 and self._held_s < 2 * longest and self._period == before and self._at_rest():
            return []
        due, self._held, self._held_s = self._held, [], 0.0
        return due

    def _listen(self, level: float, seconds: float) -> None:
        """Compare a block with the room."""
        room = level if self._room is None else self._room
        self._silent_s = self._silent_s + seconds if level <= _INAUDIBLE else 0.0
        if level > _INAUDIBLE and level > _LOUDER * room:
            self._awake_s = AWAKE_S
        else:
            self._awake_s -= seconds
        self._room = room + (level - room) * (_UP if level > room else _DOWN)


def loudness(block: TranscriptUpdate) -> float:
    """Return about the average of a block's absolute int16 samples; 0 for none."""
    if isinstance(block, bytes):
        return mulaw.loudness(block)
    some: list[int] = block[:: max(1, len(block) // _LOOKED_AT)].tolist()  # numpy's own sums cost more for so little
    return sum(map(abs, some)) / len(some) if some else 0.0


def samples_of(block: TranscriptUpdate) -> Pcm:
    """Return a block as samples."""
    return mulaw.decode(block) if isinstance(block, bytes) else block
