"""Threads: those that handlers keep busy, and Parley's own, which end with each test."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from streaming.aio.executors import close_threads


@pytest.fixture(autouse=True)
def _our_threads() -> Iterator[None]:
    """No thread outlives its test."""
    yield
    close_threads()


@pytest.fixture
async def busy_handlers() -> AsyncIterator[None]:
    """Handlers keep all of asyncio's threads busy, as many as there are."""
    go_on = threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    busy = asyncio.create_task(asyncio.to_thread(go_on.wait, 120))
    await asyncio.sleep(0)
    yield
    go_on.set()
    await busy
