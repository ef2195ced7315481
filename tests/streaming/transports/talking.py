"""What tests do with the Python client: send a tone, and wait until one comes back."""

import asyncio

import numpy as np

from parley.client import StreamClient
from tests.streaming.transports.client import WAIT_S
from tests.streaming.transports.rtc import pitch

RATE = 16_000


def tone(hz: float, seconds: float) -> np.ndarray:
    """Return a tone as float32 at RATE."""
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


async def hears(client: StreamClient, hz: float) -> int:
    """Read until 0.3 s of audio have this pitch; return their rate."""
    heard: list[np.ndarray] = []
    async for rate, samples in client.audio():
        heard = [*heard, samples][-15:]
        if len(heard) == 15 and abs(pitch(np.concatenate(heard)) * rate / 48_000 - hz) < 15:
            return rate
    raise AssertionError(f"{hz} Hz was not heard")


async def echoes(url: str, token: str = "", hz: float = 440) -> None:
    """Send a tone to a stream until it comes back."""
    async with asyncio.timeout(WAIT_S), StreamClient(url, token=token) as client:
        talking = asyncio.create_task(_talk(client, hz))
        await hears(client, hz)
        talking.cancel()


async def _talk(client: StreamClient, hz: float) -> None:
    while True:
        await client.send_audio(RATE, tone(hz, 1))
