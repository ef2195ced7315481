"""Threads: those that handlers keep busy, and Parley's own, which end with each test."""

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
    """No thread outlives its test."""
    yield
    close_threads()


@pytest.fixture(autouse=True)
def _own_directory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a database there is no shared directory of sessions: `runtime()` makes one for this process only."""
    if not {"db", "transactional_db"} & set(request.fixturenames) and request.node.get_closest_marker("django_db") is None:
        monkeypatch.setattr(runtime_module, "Runtime", partial(Runtime, shared=False))


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
