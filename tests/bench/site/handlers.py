"""The benchmark's handlers, written after FastRTC's manual. FastRTC runs this same file with its import line changed to
`from fastrtc import` (see `tests/bench/baselines/fastrtc_server.py`).
"""

import asyncio
import json
import queue
import time
from collections.abc import Iterator
from typing import Any

from streaming import AdditionalOutputs, AsyncStreamHandler, StreamHandler, wait_for_item

TICK_S = 0.1


class Echo(AsyncStreamHandler):
    """Returns each frame; the manual's asynchronous handler."""

    def __init__(self, rate: int) -> None:
        super().__init__("mono", rate, input_sample_rate=rate)
        self.rate = rate
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def copy(self) -> "Echo":
        """Return a new handler for another session."""
        return Echo(self.rate)

    async def start_up(self) -> None:
        """Do nothing."""

    async def receive(self, frame: Any) -> None:
        """Queue the frame."""
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Return the next queued frame."""
        return await wait_for_item(self.queue)

    async def shutdown(self) -> None:
        """Do nothing: no resources are held."""


class Blocking(StreamHandler):
    """Returns each frame; its `emit` blocks a thread while there is none. The manual's synchronous handler."""

    def __init__(self, rate: int) -> None:
        super().__init__("mono", rate, input_sample_rate=rate)
        self.rate = rate
        self.queue: queue.Queue[Any] = queue.Queue()

    def copy(self) -> "Blocking":
        """Return a new handler for another session."""
        return Blocking(self.rate)

    def receive(self, frame: Any) -> None:
        """Queue the frame."""
        self.queue.put(frame)

    def emit(self) -> Any:
        """Wait for a frame and return it."""
        return self.queue.get()

    def shutdown(self) -> None:
        """Release a waiting `emit`."""
        self.queue.put(None)


class Ticker(Echo):
    """Returns an output ten times a second: its number and the time of its creation."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.number = 0
        self.due = 0.0

    def copy(self) -> "Ticker":
        """Return a new handler for another session."""
        return Ticker(self.rate)

    async def receive(self, frame: Any) -> None:
        """Ignore the frame."""

    async def emit(self) -> Any:
        """Wait for the next tick and return it."""
        now = asyncio.get_running_loop().time()
        self.due = max(now, (self.due or now) + TICK_S)
        await asyncio.sleep(self.due - now)
        self.number += 1
        return AdditionalOutputs(json.dumps({"n": self.number, "t": time.time()}))


def negative(image: Any) -> Any:
    """Return the negative of a video frame, so that a client sees that the handler was called."""
    return 255 - image


def respond(audio: Any) -> Iterator[Any]:
    """Return the same speech after the pause."""
    yield audio
