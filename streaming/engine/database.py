"""The way from the event loop to the database: synchronous work in threads of its own.

Design law 4: no database work in the loop, and none on the one thread-sensitive thread that Django shares among all
requests. SQLite gets a single thread, since it has a single writer anyway; PostgreSQL gets a few.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

_POSTGRES_THREADS = 4
_pool: ThreadPoolExecutor | None = None


def _executor() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        threads = _POSTGRES_THREADS if connection.vendor == "postgresql" else 1
        _pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
    return _pool


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run synchronous database work in a thread and return its result; its connection is handed back afterwards."""

    def run() -> T:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_executor(), run)


def close_database_threads() -> None:
    """Close the threads' connections and end the threads; the next `in_database` starts afresh."""
    global _pool
    if _pool is not None:
        pool, _pool = _pool, None
        for _ in range(getattr(pool, "_max_workers", 1)):
            pool.submit(connections.close_all)
        pool.shutdown(wait=True)
