"""The way from the event loop to the database: synchronous work in threads of its own.

Design law 4: no database work in the loop, and none on the one thread-sensitive thread that Django shares among all
requests. Writing has threads of its own beside reading, so that a handshake or a gap to be read never waits behind a
writer that waits for SQLite's lock; SQLite gets one of them, since it takes one writer at a time anyway. Heartbeats have
one of their own: who is late with them is taken for dead.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

_READERS = 2
_POSTGRES_WRITERS = 4
_HEARTS = 1

_pools: dict[str, ThreadPoolExecutor] = {}


def _pool(kind: str) -> ThreadPoolExecutor:
    if kind not in _pools:
        writers = _POSTGRES_WRITERS if connection.vendor == "postgresql" else 1
        threads = {"read": _READERS, "write": writers, "heart": _HEARTS}
        _pools[kind] = ThreadPoolExecutor(threads[kind], thread_name_prefix=f"database-{kind}")
    return _pools[kind]


async def run_in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read from the database in a thread and return the result; the thread's connection is handed back afterwards."""
    return await asyncio.get_running_loop().run_in_executor(_pool("read"), lambda: _run(work, *args, **kwargs))


async def run_write(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what writes (the functions of `insights.recorder`) in a thread and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool("write"), lambda: _run(work, *args, **kwargs))


async def run_heartbeat(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what must not queue behind any other writing, in a thread that it has for itself, and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool("heart"), lambda: _run(work, *args, **kwargs))


def _run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


def close_database_threads() -> None:
    """Close the threads' connections and end the threads; the next use starts afresh."""
    while _pools:
        _, pool = _pools.popitem()
        for _ in range(getattr(pool, "_max_workers", 1)):
            pool.submit(connections.close_all)
        pool.shutdown(wait=True)
