"""Sound on its way to the client: bounded, cut into blocks of 20 ms, and how much of it has been heard."""

import asyncio

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.audio.rates import Converter
from streaming.types.client_connection import AudioFrame, ImmediateSink, Pcm

AHEAD_S = 30.0
"""So much sound may wait; a handler that makes more is asked for its next item only when some was played."""
_FAR_END_S = 1.0
"""A transport that never tells what was played: the client has heard everything so long after its real time."""


class AudioOutput:
    """The sound of one session, all at `rate`; belongs to the event loop."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.outlet: ImmediateSink | None = None
        """Where a block may go that nothing is ahead of, while `get` waits for one."""
        self._loop = asyncio.get_running_loop()
        self._converter = Converter(rate)
        self._waiting: BoundedQueue[Pcm] = BoundedQueue(int(AHEAD_S * rate))
        self._block = rate // 50
        self._current: Pcm | None = None
        self._at = 0
        self._cleared = 0
        self._unheard_s = 0.0
        self._heard_by = 0.0
        self._moved = asyncio.Event()

    async def put(self, pcm: Pcm, rate: int) -> None:
        """Append sound, shape (n,), at any rate; waits while too much is ahead."""
        converted = self._converter.push(pcm, rate)
        if self.outlet is not None and 0 < len(converted) <= self._block and self._waiting.awaited and self.outlet.is_free():
            self.outlet.send_now(self._leaving(converted))
            return
        cleared = self._cleared
        while len(converted) and cleared == self._cleared and not self._waiting.closed:
            if self._waiting.put(converted, len(converted)):
                return
            await self._waiting.room()

    def pause(self) -> None:
        """Let out what the filter holds back: the sound ends here for now."""
        rest = self._converter.flush()
        if len(rest):
            self._waiting.put(rest, len(rest))

    async def get(self) -> AudioFrame | None:
        """Return the next block; waits for it. None when closed and everything was returned."""
        if self._current is None:
            try:
                self._current, self._at = await self._waiting.get(), 0
            except QueueClosed:
                return None
        block = self._current[self._at : self._at + self._block]
        self._at += len(block)
        if self._at >= len(self._current):
            self._current = None
        return self._leaving(block)

    def played(self, seconds: float) -> None:
        """Note that the client has heard so much more."""
        self._unheard_s = max(0.0, self._unheard_s - seconds)
        self._moved.set()

    def clear(self) -> None:
        """Drop everything that was not heard yet, and what somebody waits to put in."""
        self._cleared += 1
        self._waiting.clear()
        self._converter.flush()
        self._current = None
        self._unheard_s = 0.0
        self._moved.set()

    def close(self, *, discard: bool) -> None:
        """Let nothing more in; what waits is still returned unless discarded."""
        self._waiting.close(discard=discard)
        if discard:
            self._current = None
        self._moved.set()

    @property
    def playing(self) -> bool:
        """Whether the client still hears, or is about to hear, something."""
        if len(self._waiting) or self._current is not None:
            return True
        return self._unheard_s > 0.005 and self._loop.time() < self._heard_by + _FAR_END_S

    async def heard(self, at_most_s: float) -> None:
        """Wait until the client has heard everything, or for so many seconds."""
        loop = self._loop
        until = loop.time() + at_most_s
        while self.playing and loop.time() < until:
            self._moved.clear()
            try:
                async with asyncio.timeout(min(until - loop.time(), max(0.02, self._heard_by + _FAR_END_S - loop.time()))):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _leaving(self, block: Pcm) -> AudioFrame:
        """Note that a block is on its way to the client, and return it."""
        sound = AudioFrame(block, self.rate)
        seconds = sound.seconds
        self._unheard_s += seconds
        self._heard_by = max(self._heard_by, self._loop.time()) + seconds
        self._moved.set()
        return sound
