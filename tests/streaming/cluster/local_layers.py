"""Channel layers without Redis, each as a process of its own would have it."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from streaming.cluster import local_sockets
from streaming.cluster.local_layer import LocalChannelLayer

Make = Callable[..., LocalChannelLayer]
WAIT_S = 60.0


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """The folder of the sockets; the first process makes it."""
    return tmp_path / "sockets"


@pytest.fixture
async def make(folder: Path) -> AsyncIterator[Make]:
    """Make layers, each as a process of its own would have it."""
    made: list[LocalChannelLayer] = []

    def one(**config: Any) -> LocalChannelLayer:
        made.append(LocalChannelLayer(**{"folder": folder, "capacity": 1000, **config}))
        return made[-1]

    yield one
    for layer in made:
        await layer.close()


async def until(wanted: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_S):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def received(layer: LocalChannelLayer, channel: str) -> dict[str, Any]:
    """Return the next message."""
    async with asyncio.timeout(WAIT_S):
        return await layer.receive(channel)


async def receives_nothing(layer: LocalChannelLayer, channel: str) -> bool:
    """Return whether a channel is empty now."""
    try:
        async with asyncio.timeout(0.05):
            await layer.receive(channel)
    except TimeoutError:
        return True
    return False


def mode(folder: Path) -> int:
    """Return the permissions of a folder."""
    return stat.S_IMODE(folder.stat().st_mode)


def sockets(folder: Path) -> list[str]:
    """Return the ids of the processes that have a socket."""
    return [name for name in os.listdir(folder) if local_sockets.is_id(name)]
