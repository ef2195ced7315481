"""Write transactions, and the connections of threads."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from insights import database
from insights.database import connection_closed_after, write_transaction


@pytest.mark.django_db(transaction=True)
def test_an_exception_rolls_back() -> None:
    """The writes of a failed transaction are undone."""

    def fail() -> None:
        with write_transaction():
            User.objects.create(username="ghost")
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_write_in_a_transaction_does_not_deadlock() -> None:
    """A view in a transaction and a recorder in another thread do not block each other."""
    begun = Event()

    @connection_closed_after
    def outside() -> None:
        begun.set()
        with write_transaction():
            User.objects.create(username="outside")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.create(username="view")
            waiting = pool.submit(outside)
            assert begun.wait(60)
            with write_transaction():
                User.objects.create(username="inside")
        waiting.result(timeout=60)
    assert set(User.objects.values_list("username", flat=True)) == {"view", "inside", "outside"}


@pytest.mark.django_db(transaction=True)
def test_the_thread_keeps_no_connection() -> None:
    """The thread's connection is closed after the work, after an error too."""

    @connection_closed_after
    def work(fail: bool) -> int:
        if fail:
            raise KeyError("no")
        return User.objects.count()

    def thread() -> tuple[int, bool]:
        count = work(False)
        with pytest.raises(KeyError):
            work(True)
        return count, connection.connection is None

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(thread).result(timeout=60) == (0, True)


@pytest.fixture
def other_process() -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of the lock in this process, as one of another process."""
    if connection.vendor != "sqlite":
        pytest.skip("needs SQLite")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    yield other
    other.close()


@pytest.mark.django_db(transaction=True)
def test_a_writer_waits_for_one_of_another_process(other_process: sqlite3.Connection) -> None:
    """The transaction begins when the other one has ended, and statements outside of transactions keep their timeout."""
    other_process.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other_process.execute, ["COMMIT"]).start()
    with write_transaction():
        assert not other_process.in_transaction
        User.objects.create(username="later")
    assert connection.cursor().execute("PRAGMA busy_timeout").fetchone() == (20_000,)
    assert User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_writer_does_not_wait_for_ever(other_process: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises the error of a database that is unreachable; afterwards everything works again."""
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    other_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), write_transaction():
        pytest.fail("it began")
    other_process.execute("ROLLBACK")
    with write_transaction():
        User.objects.create(username="afterwards")
    assert User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that gives way leaves a pause after each transaction that is as long as the transaction was."""
    if connection.vendor != "sqlite":
        pytest.skip("needs SQLite")
    writer = database._SqliteWriter()
    monkeypatch.setattr(database, "_sqlite_writer", writer)
    database.give_way_to_other_processes()
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with write_transaction():
        threading.Event().wait(0.3)
    with write_transaction():
        pass
    (pause,) = pauses
    assert pause > 0.2
