"""How this wing meets the database from any thread: write transactions, and connections that do not linger.

SQLite takes one writer at a time and lets others poll for the lock, so the writers of one process queue up here,
where they wake at once; writers of other processes meet at `BEGIN IMMEDIATE`. PostgreSQL needs none of that.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
"""What is raised while the database is away, and where it took a transaction from a process that slept in it: to be tried again."""

P = ParamSpec("P")
T = TypeVar("T")

_sqlite_writer = threading.Lock()


@contextmanager
def writing() -> Iterator[None]:
    """Hold one write transaction: committed at the end, rolled back by an exception.

    Inside a transaction that is open already (a view of the admin) it only adds a savepoint: waiting for our own lock
    while holding SQLite's would be a deadlock.
    """
    queue = _sqlite_writer if connection.vendor == "sqlite" and not connection.in_atomic_block else nullcontext()
    with queue, transaction.atomic():
        yield


def hand_back_connection() -> None:
    """Give the thread's connection back to the pool before something else is done or waited for; the next query takes one again.

    Does nothing inside a transaction, and on SQLite, whose connections are kept.
    """
    if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
        connection.close()


def connection_closed_after(work: Callable[P, T]) -> Callable[P, T]:
    """Wrap work done in a thread of one's own: the thread's connection is closed, or given back to the pool, afterwards."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return run
