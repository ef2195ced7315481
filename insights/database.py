"""Write transactions and release of connections, for any thread.

SQLite allows one writer at a time. The writers of one process wait for a lock in the process, which wakes them at once; writers of
different processes look for SQLite's lock every millisecond, because SQLite itself would look more and more rarely, up to ten times a
second. A worker leaves a pause after each of its transactions, so that the server finds the lock free. PostgreSQL needs none of this.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

DATABASE_UNREACHABLE = (OperationalError, InterfaceError, InternalError)
"""Errors raised while the database is unreachable, or if it aborted the transaction of a suspended process. The caller should retry."""

P = ParamSpec("P")
T = TypeVar("T")

BUSY_S = 20.0
"""Seconds that a write transaction on SQLite waits for the writers of other processes."""
LOOK_S = 0.001
"""Seconds between two tries to get SQLite's lock."""
LEAST_PAUSE_S = 0.01
"""Seconds between two transactions of a process that gives way to others; at least as long as its last transaction took."""


class _SqliteWriter:
    """The writers of this process: one at a time."""

    def __init__(self) -> None:
        self.gives_way = False
        self._lock = threading.Lock()
        self._pause_until = 0.0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the process during a block that writes."""
        with self._lock:
            if (pause := self._pause_until - time.monotonic()) > 0:
                time.sleep(pause)
            since = time.monotonic()
            try:
                yield
            finally:
                if self.gives_way:
                    now = time.monotonic()
                    self._pause_until = now + max(LEAST_PAUSE_S, now - since)


_sqlite_writer = _SqliteWriter()


def give_way_to_other_processes() -> None:
    """Let this process leave other writers at least half of the time; for a worker, beside live speech."""
    _sqlite_writer.gives_way = True


@contextmanager
def write_transaction() -> Iterator[None]:
    """Run a block in one write transaction; an exception rolls it back.

    Inside an open transaction (a view of the admin) this only adds a savepoint, because waiting for the process's lock while holding
    SQLite's would be a deadlock.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _sqlite_writer.writing(), _sqlite_transaction():
        yield


@contextmanager
def _sqlite_transaction() -> Iterator[None]:
    """Begin a transaction as soon as no other process writes. Raises OperationalError after BUSY_S seconds."""
    connection.ensure_connection()
    until = time.monotonic() + BUSY_S
    with ExitStack() as stack:
        connection.connection.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    stack.enter_context(transaction.atomic())
                    break
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > until:
                        raise
                time.sleep(LOOK_S)
        finally:
            connection.connection.execute(f"PRAGMA busy_timeout={round(1000 * BUSY_S)}")
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
