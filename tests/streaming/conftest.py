"""Fixtures for threads: those that handlers keep busy, and Parley's own, which end with each test."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from streaming.aio.executors import close_threads
from streaming.cluster import runtime as runtime_module
from streaming.cluster.runtime import Runtime


@pytest.fixture(autouse=True)
def _our_threads() -> Iterator[None]:
    """Close our threads at the end of each test."""
    yield
    close_threads()


@pytest.fixture(autouse=True)
def _own_directory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a directory of this process only where a test has no database: `runtime()` has no shared one then."""
    if not {"db", "transactional_db"} & set(request.fixturenames) and request.node.get_closest_marker("django_db") is None:
        monkeypatch.setattr(runtime_module, "Runtime", partial(Runtime, shared=False))


@pytest.fixture
async def busy_handlers() -> AsyncIterator[None]:
    """Keep all of asyncio's threads busy, as handlers may."""
    go_on = threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    busy = asyncio.create_task(asyncio.to_thread(go_on.wait, 120))
    await asyncio.sleep(0)
    yield
    go_on.set()
    await busy
