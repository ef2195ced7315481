"""Handlers for the tests of WebRTC."""

import asyncio
from typing import Any

import numpy as np

from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AsyncAudioVideoStreamHandler, AsyncStreamHandler

RATE = 24_000


class Echo(AsyncStreamHandler):
    """Returns the audio that it receives; counts started and shut down copies."""

    begun = 0
    ended = 0

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.heard = 0

    def copy(self) -> "Echo":
        """Return a copy for another session."""
        return type(self)()

    async def start_up(self) -> None:
        """Count the start."""
        Echo.begun += 1

    async def shutdown(self) -> None:
        """Count the shutdown."""
        Echo.ended += 1

    async def receive(self, frame: Any) -> None:
        """Queue the audio."""
        self.heard += 1
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Return the queued audio."""
        return await self.queue.get()


class Monologue(Echo):
    """Emits ten seconds of a tone at once, and nothing in reply."""

    async def start_up(self) -> None:
        """Queue all audio."""
        wave = 10_000 * np.sin(2 * np.pi * 600 * np.arange(10 * RATE) / RATE)
        self.queue.put_nowait((RATE, wave.astype(np.int16)))

    async def receive(self, frame: Any) -> None:
        """Ignore the audio."""
        self.heard += 1


class Mirror(AsyncAudioVideoStreamHandler):
    """Returns audio unchanged and video frames upside down."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.audio_frames: asyncio.Queue[Any] = asyncio.Queue()
        self.video_frames: asyncio.Queue[Any] = asyncio.Queue(1)

    def copy(self) -> "Mirror":
        """Return a copy for another session."""
        return Mirror()

    async def receive(self, frame: Any) -> None:
        """Keep the audio frame."""
        self.audio_frames.put_nowait(frame)

    async def emit(self) -> Any:
        """Return the audio frame."""
        return await self.audio_frames.get()

    async def video_receive(self, frame: Any) -> None:
        """Keep the newest video frame."""
        if self.video_frames.full():
            self.video_frames.get_nowait()
        self.video_frames.put_nowait(frame)

    async def video_emit(self) -> Any:
        """Return the video frame upside down."""
        return (await self.video_frames.get())[::-1]


def negative(picture: Any) -> Any:
    """Invert a video frame."""
    return 255 - picture


def shades() -> Any:
    """Yield grey video frames without end."""
    while True:
        yield np.full((96, 128, 3), 180, np.uint8)


def echo(**options: Any) -> Stream:
    """Return a stream that echoes."""
    return Stream(Echo(), **{"modality": "audio", "mode": "send-receive", "name": "echo", **options})
