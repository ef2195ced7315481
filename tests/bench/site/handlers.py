"""Handlers that are measured, in the words of FastRTC's manual: with FastRTC itself this very file runs, only its import line
says `from fastrtc import` (see `tests/bench/beside/fastrtc_server.py`).
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
    """Gives back each frame; the asynchronous handler of the manual."""

    def __init__(self, rate: int) -> None:
        super().__init__("mono", rate, input_sample_rate=rate)
        self.rate = rate
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def copy(self) -> "Echo":
        """Return one for another session."""
        return Echo(self.rate)

    async def start_up(self) -> None:
        """Nothing is needed."""

    async def receive(self, frame: Any) -> None:
        """Queue the frame."""
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Give what was queued."""
        return await wait_for_item(self.queue)

    async def shutdown(self) -> None:
        """Nothing is held."""


class Blocking(StreamHandler):
    """Gives back each frame, and its `emit` blocks a thread while there is none; the synchronous handler of the manual."""

    def __init__(self, rate: int) -> None:
        super().__init__("mono", rate, input_sample_rate=rate)
        self.rate = rate
        self.queue: queue.Queue[Any] = queue.Queue()

    def copy(self) -> "Blocking":
        """Return one for another session."""
        return Blocking(self.rate)

    def receive(self, frame: Any) -> None:
        """Queue the frame."""
        self.queue.put(frame)

    def emit(self) -> Any:
        """Wait for a frame, and give it."""
        return self.queue.get()

    def shutdown(self) -> None:
        """Let a waiting `emit` go."""
        self.queue.put(None)


class Ticker(Echo):
    """Gives an output ten times a second, its number and the time at which it was made."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.number = 0
        self.due = 0.0

    def copy(self) -> "Ticker":
        """Return one for another session."""
        return Ticker(self.rate)

    async def receive(self, frame: Any) -> None:
        """Nobody listens."""

    async def emit(self) -> Any:
        """Wait for the next tick, and give it."""
        now = asyncio.get_running_loop().time()
        self.due = max(now, (self.due or now) + TICK_S)
        await asyncio.sleep(self.due - now)
        self.number += 1
        return AdditionalOutputs(json.dumps({"n": self.number, "t": time.time()}))


def respond(audio: Any) -> Iterator[Any]:
    """Say what was said, after the pause."""
    yield audio
