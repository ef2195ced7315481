"""Audio to the client: a bounded queue, cut into blocks of 20 ms, with an account of how much the client has played."""

import asyncio

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.audio.rates import Converter
from streaming.types.client_connection import AudioFrame, ImmediateSink, Pcm

AHEAD_S = 30.0
"""Seconds of audio that may be queued; a handler that produces more waits until some was played."""
_FAR_END_S = 1.0
"""For transports that do not report playback: seconds after its due time at which audio counts as played."""


class AudioOutput:
    """The output audio of one session, all at `rate`; used in the event loop only."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.outlet: ImmediateSink | None = None
        """Takes a block directly if nothing is queued and `get` is waiting."""
        self._loop = asyncio.get_running_loop()
        self._converter = Converter(rate)
        self._waiting: BoundedQueue[Pcm] = BoundedQueue(int(AHEAD_S * rate))
        self._block = rate // 50
        self._current: Pcm | None = None
        self._at = 0
        self._cleared = 0
        self._unplayed_s = 0.0
        self._played_by = 0.0
        self._changed = asyncio.Event()

    async def put(self, pcm: Pcm, rate: int) -> None:
        """Append audio, shape (n,), at any rate; wait while the queue is full."""
        converted = self._converter.push(pcm, rate)
        if self.outlet is not None and 0 < len(converted) <= self._block and self._waiting.awaited and self.outlet.is_free():
            self.outlet.send_now(self._sent(converted))
            return
        cleared = self._cleared
        while len(converted) and cleared == self._cleared and not self._waiting.closed:
            if self._waiting.put(converted, len(converted)):
                return
            await self._waiting.room()

    def pause(self) -> None:
        """Flush the samples that the resampling filter holds back, since the audio ends here for now."""
        rest = self._converter.flush()
        if len(rest):
            self._waiting.put(rest, len(rest))

    async def get(self) -> AudioFrame | None:
        """Wait for the next block and return it; None once closed and empty."""
        if self._current is None:
            try:
                self._current, self._at = await self._waiting.get(), 0
            except QueueClosed:
                return None
        block = self._current[self._at : self._at + self._block]
        self._at += len(block)
        if self._at >= len(self._current):
            self._current = None
        return self._sent(block)

    def played(self, seconds: float) -> None:
        """Record that the client has played `seconds` more."""
        self._unplayed_s = max(0.0, self._unplayed_s - seconds)
        self._changed.set()

    def clear(self) -> None:
        """Drop all audio that was not played yet, including that of a waiting `put`."""
        self._cleared += 1
        self._waiting.clear()
        self._converter.flush()
        self._current = None
        self._unplayed_s = 0.0
        self._changed.set()

    def close(self, *, discard: bool) -> None:
        """Refuse new audio; queued audio is still returned unless discarded."""
        self._waiting.close(discard=discard)
        if discard:
            self._current = None
        self._changed.set()

    @property
    def playing(self) -> bool:
        """Whether audio is queued, or sent and not played yet."""
        if len(self._waiting) or self._current is not None:
            return True
        return self._unplayed_s > 0.005 and self._loop.time() < self._played_by + _FAR_END_S

    async def wait_until_played(self, at_most_s: float) -> None:
        """Wait until the client has played everything, at most `at_most_s` seconds."""
        loop = self._loop
        until = loop.time() + at_most_s
        while self.playing and loop.time() < until:
            self._changed.clear()
            try:
                async with asyncio.timeout(min(until - loop.time(), max(0.02, self._played_by + _FAR_END_S - loop.time()))):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _sent(self, block: Pcm) -> AudioFrame:
        """Record that a block is sent to the client, and return it."""
        frame = AudioFrame(block, self.rate)
        seconds = frame.seconds
        self._unplayed_s += seconds
        self._played_by = max(self._played_by, self._loop.time()) + seconds
        self._changed.set()
        return frame
