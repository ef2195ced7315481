"""The database executors: reads never wait behind writes."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streaming.aio.database_executors import close_database_threads, run_in_database, run_write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Close the threads at the end of each test."""
    yield
    close_database_threads()


async def test_a_read_overtakes_a_waiting_write() -> None:
    """A handshake is answered while a write waits."""
    go_on = threading.Event()
    writing = asyncio.ensure_future(run_write(go_on.wait, 60))
    assert await run_in_database(lambda: "read") == "read"
    assert not writing.done()
    go_on.set()
    assert await writing


async def test_an_exception_reaches_the_caller() -> None:
    """An exception in the thread is raised in the caller."""

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_in_database(fail)


async def test_threads_start_again_after_they_were_closed() -> None:
    """The next use after a close starts new threads."""
    assert await run_in_database(threading.get_ident) != threading.get_ident()
    close_database_threads()
    assert await run_in_database(lambda: 1) == 1
