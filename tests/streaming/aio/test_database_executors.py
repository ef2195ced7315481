"""The way to the database: reading never waits behind writing."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streaming.aio.database_executors import close_database_threads, run_in_database, run_write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Let no thread outlive its test's database."""
    yield
    close_database_threads()


async def test_a_reader_overtakes_a_writer_that_waits() -> None:
    """While something waits to write, a handshake is answered."""
    go_on = threading.Event()
    writing = asyncio.ensure_future(run_write(go_on.wait, 60))
    assert await run_in_database(lambda: "read") == "read"
    assert not writing.done()
    go_on.set()
    assert await writing


async def test_an_exception_comes_back() -> None:
    """What fails in the thread fails here."""

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_in_database(fail)


async def test_threads_start_again_after_they_were_closed() -> None:
    """Closing is for the end of a test or a server; the next use works."""
    assert await run_in_database(threading.get_ident) != threading.get_ident()
    close_database_threads()
    assert await run_in_database(lambda: 1) == 1
