"""Media of the Python client: what it sends in real time, and what it received and its program has not read yet."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np
from aiortc import MediaStreamTrack
from av import AudioFrame, AudioResampler, VideoFrame
from numpy.typing import NDArray

T = TypeVar("T")
Samples = NDArray[np.int16]
Image = NDArray[np.uint8]

RATE, BLOCK = 48_000, 960
"""Hz, and samples of 20 ms."""
MOST_WAITING = 1000
"""Items that wait for their reader; above this the oldest is dropped. 1,000 blocks of audio are 20 s."""


class Inbox(Generic[T]):
    """Received items until they are read; None is the end."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[T | None] = asyncio.Queue()

    def put(self, item: T | None) -> None:
        """Add an item."""
        if self._items.qsize() >= MOST_WAITING:
            self._items.get_nowait()
        self._items.put_nowait(item)

    def end(self) -> None:
        """End the reading after the items that are here."""
        self.put(None)

    async def read(self) -> AsyncIterator[T]:
        """Yield the items as they come."""
        while (item := await self._items.get()) is not None:
            yield item
        self.end()  # for the other readers


class Outbox(asyncio.Queue[T]):
    """Items to send."""

    ended = False

    async def add(self, item: T) -> bool:
        """Add an item when there is room. Return False if the session has ended, or ends meanwhile."""
        if not self.ended:
            await self.put(item)
        if self.ended:
            self.end()  # also drop this item, so that the next waiting caller continues
        return not self.ended

    def end(self) -> None:
        """Drop all items, so that all callers that wait for room continue."""
        self.ended = True
        while not self.empty():
            self.get_nowait()


class AudioBlocks:
    """Makes blocks of 20 ms at RATE of audio at any rate: aiortc's encoder takes one rate only, that of its first frame."""

    def __init__(self) -> None:
        self._from, self._resampler = RATE, AudioResampler(format="s16", layout="mono", rate=RATE)
        self._rest: Samples = np.zeros(0, np.int16)

    def of(self, rate: int, samples: NDArray[Any]) -> Iterator[Samples]:
        """Yield mono samples, int16 or float, in blocks, after what the call before left; less than a block is left."""
        if samples.dtype.kind == "f":
            samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        if rate != self._from:
            self._from, self._resampler = rate, AudioResampler(format="s16", layout="mono", rate=RATE)
        if rate != RATE and len(samples):
            parts = [part.to_ndarray().reshape(-1) for part in self._resampler.resample(_frame(rate, samples))]
            samples = np.concatenate(parts) if parts else samples[:0]
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) - len(samples) % BLOCK
        self._rest = samples[whole:]
        yield from samples[:whole].reshape(-1, BLOCK)

    def last(self) -> Samples:
        """Return a block of what is left, filled up with silence."""
        rest, self._rest = self._rest, self._rest[:0]
        return np.pad(rest, (0, BLOCK - len(rest)))


class Microphone(MediaStreamTrack):
    """Sends the blocks of a queue in real time; while there are none, what is left of the audio, then silence."""

    kind = "audio"

    def __init__(self, queue: asyncio.Queue[Samples], blocks: AudioBlocks) -> None:
        super().__init__()
        self._queue, self._blocks = queue, blocks
        self._sent, self._due = 0, time.monotonic()

    async def recv(self) -> AudioFrame:
        """Return the next block when it is due."""
        self._due = max(self._due + BLOCK / RATE, time.monotonic() - 1)
        await asyncio.sleep(self._due - time.monotonic())
        frame = _frame(RATE, self._blocks.last() if self._queue.empty() else self._queue.get_nowait())
        frame.pts, frame.time_base = self._sent * BLOCK, Fraction(1, RATE)
        self._sent += 1
        return frame


class Camera(MediaStreamTrack):
    """Sends each image of a queue once."""

    kind = "video"

    def __init__(self, queue: asyncio.Queue[Image]) -> None:
        super().__init__()
        self._queue, self._began = queue, time.monotonic()

    async def recv(self) -> VideoFrame:
        """Return the next image."""
        frame = VideoFrame.from_ndarray(await self._queue.get(), format="bgr24")
        frame.pts, frame.time_base = int((time.monotonic() - self._began) * 90_000), Fraction(1, 90_000)
        return frame


def _frame(rate: int, samples: Samples) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    return frame
