"""Media of the Python client: what it sends in real time, and what it received and its program has not read yet."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any, Generic, TypeVar

import numpy as np
from aiortc import MediaStreamTrack
from av import AudioFrame, VideoFrame
from numpy.typing import NDArray

T = TypeVar("T")
Samples = NDArray[np.int16]
Image = NDArray[np.uint8]

BLOCKS_PER_S = 50
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

    async def put(self, item: T) -> None:
        """Add an item when there is room. Raises ConnectionError once the session has ended."""
        await super().put(item)
        if self.ended:
            self.end()
            raise ConnectionError("the session has ended")

    def end(self) -> None:
        """Drop all items; whoever waits for room gets the error."""
        self.ended = True
        while not self.empty():
            self.get_nowait()


def blocks(rate: int, samples: NDArray[Any]) -> Iterator[Samples]:
    """Yield mono samples, int16 or float, in blocks of 20 ms."""
    if samples.dtype.kind == "f":
        samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    size = rate // BLOCKS_PER_S
    yield from np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)


class Microphone(MediaStreamTrack):
    """Sends the blocks of a queue in real time, and silence while there are none."""

    kind = "audio"

    def __init__(self, queue: asyncio.Queue[tuple[int, Samples]]) -> None:
        super().__init__()
        self._queue = queue
        self._rate, self._blocks, self._due = 48_000, 0, time.monotonic()

    async def recv(self) -> AudioFrame:
        """Return the next block when it is due."""
        self._due = max(self._due + 1 / BLOCKS_PER_S, time.monotonic() - 1)
        await asyncio.sleep(self._due - time.monotonic())
        samples: Samples = np.zeros(self._rate // BLOCKS_PER_S, np.int16)
        with suppress(asyncio.QueueEmpty):
            self._rate, samples = self._queue.get_nowait()
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._blocks * len(samples), Fraction(1, self._rate)
        self._blocks += 1
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
