"""Write transactions, and the connections of threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

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
