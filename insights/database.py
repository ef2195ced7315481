"""Write transactions and release of connections, for any thread.

SQLite allows one writer at a time, and waiting writers poll for its lock. The writers of one process therefore wait for a lock in the
process, which wakes them at once; writers of different processes wait at `BEGIN IMMEDIATE`. PostgreSQL needs no such lock.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
"""Errors raised while the database is unreachable, or if it aborted the transaction of a suspended process. The caller should retry."""

P = ParamSpec("P")
T = TypeVar("T")

_sqlite_writer = threading.Lock()


@contextmanager
def write_transaction() -> Iterator[None]:
    """Run a block in one write transaction; an exception rolls it back.

    Inside an open transaction (a view of the admin) this only adds a savepoint, because waiting for the process's lock while holding
    SQLite's would be a deadlock.
    """
    lock = _sqlite_writer if connection.vendor == "sqlite" and not connection.in_atomic_block else nullcontext()
    with lock, transaction.atomic():
        yield


def log_after_commit(logger: logging.Logger, message: str, *args: object) -> None:
    """Log at level INFO what a transaction has done, once it is committed."""
    transaction.on_commit(lambda: logger.info(message, *args))


def release_connection() -> None:
    """Return the thread's connection to the pool before a wait or long computation; the next query takes a connection again.

    Does nothing inside a transaction, or on SQLite, which has no pool.
    """
    if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
        connection.close()


def connection_closed_after(work: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that runs in a thread outside Django: close the thread's connection, or return it to the pool, afterwards."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return run
