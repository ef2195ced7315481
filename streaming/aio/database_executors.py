"""Executors for database work of the event loop.

No database work runs in the event loop, or on the thread-sensitive thread that Django shares among all requests (design law 4). Reads and
writes have separate executors, so that a handshake or the read of a gap never waits behind a writer that waits for SQLite's lock. SQLite
gets one writer thread, since it allows one writer at a time. Long work in batches, such as deletions, has a thread of its own, so that no
result waits behind all of it. Heartbeats have their own thread: a late heartbeat makes other processes
consider this one dead. So has the session directory, so that a session that starts does not wait behind results that are stored.
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
_HEARTBEATS = 1
_MAINTENANCE = 1

_pools: dict[str, ThreadPoolExecutor] = {}


def _pool(kind: str) -> ThreadPoolExecutor:
    if kind not in _pools:
        writers = _POSTGRES_WRITERS if connection.vendor == "postgresql" else 1
        threads = {"read": _READERS, "write": writers, "directory": writers, "heartbeat": _HEARTBEATS, "maintenance": _MAINTENANCE}
        _pools[kind] = ThreadPoolExecutor(threads[kind], thread_name_prefix=f"database-{kind}")
    return _pools[kind]


async def run_in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a read in a thread and return its result; an expired connection of the thread is closed before and after."""
    return await asyncio.get_running_loop().run_in_executor(_pool("read"), lambda: _run(work, *args, **kwargs))


async def run_write(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a write (a function of `insights.recorder`) in a thread and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool("write"), lambda: _run(work, *args, **kwargs))


async def run_maintenance(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a write that consists of many short transactions in a thread and return its result; live results are stored meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_pool("maintenance"), lambda: _run(work, *args, **kwargs))


async def run_heartbeat(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a heartbeat in its own thread, so that it never waits behind other writes, and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool("heartbeat"), lambda: _run_without_fsync(work, *args, **kwargs))


async def run_in_directory(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a write to the session directory in a thread and return its result."""
    return await asyncio.get_running_loop().run_in_executor(_pool("directory"), lambda: _run_without_fsync(work, *args, **kwargs))


def _run_without_fsync(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a write that a power failure may undo, as it ends all processes and sessions that the rows are about."""

    def run() -> T:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=NORMAL")
        return work(*args, **kwargs)

    return _run(run)


def _run(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


def close_database_threads() -> None:
    """Close the connections of all threads and end the threads; the next use starts new ones."""
    while _pools:
        _, pool = _pools.popitem()
        for _ in range(getattr(pool, "_max_workers", 1)):
            pool.submit(connections.close_all)
        pool.shutdown(wait=True)
