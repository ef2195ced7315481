"""Workers: what is urgent comes first, and nothing kills them."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from streaming.speech.decoder_pool import DecoderPool, Urgency


@dataclass(eq=False)
class Note:
    """A job that writes its name down, after its gate was opened."""

    name: str
    book: list[str]
    gate: threading.Event | None = None
    ran: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        if self.gate:
            self.gate.wait(60)
        self.book.append(self.name)
        self.ran.set()


class Bomb:
    """A job that fails with words in its message."""

    def run(self) -> None:
        raise ValueError("the secret words")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    """One worker, so that the order can be seen."""
    pool = DecoderPool(1)
    pool.start()
    yield pool
    pool.close()


def busy(pool: DecoderPool, book: list[str]) -> threading.Event:
    """Give the worker something to do until the event is set."""
    gate = threading.Event()
    job = Note("busy", book, gate)
    pool.submit(job, Urgency.FINAL)
    while not pool.has_room:  # the worker has taken it once nothing urgent waits
        threading.Event().wait(0.001)
    return gate


def test_finals_before_decodes_ahead_before_interims(pool: DecoderPool) -> None:
    """The queue is worked off by urgency, not by time."""
    book: list[str] = []
    gate = busy(pool, book)
    last = Note("interim", book)
    for job, urgency in ((last, Urgency.INTERIM), (Note("ahead", book), Urgency.SPECULATIVE), (Note("final", book), Urgency.FINAL)):
        pool.submit(job, urgency)
    gate.set()
    assert last.ran.wait(30)
    assert book == ["busy", "final", "ahead", "interim"]


def test_interims_are_not_welcome_while_a_final_waits(pool: DecoderPool) -> None:
    """Nor while two interims per worker wait already."""
    book: list[str] = []
    gate = busy(pool, book)
    assert pool.has_room
    waiting = Note("final", book)
    pool.submit(waiting, Urgency.FINAL)
    assert not pool.has_room
    pool.cancel(waiting)
    assert pool.has_room
    for _ in range(2):
        pool.submit(Note("interim", book), Urgency.INTERIM)
    assert not pool.has_room
    gate.set()


def test_interims_leave_a_worker_free() -> None:
    """With two workers, a final begins though interims fill the queue and one of them is at work."""
    pool = DecoderPool(2)
    pool.start()
    book: list[str] = []
    gate = threading.Event()
    interims = [Note("interim", book, gate) for _ in range(3)]
    for job in interims:
        pool.submit(job, Urgency.INTERIM)
    final = Note("final", book)
    pool.submit(final, Urgency.FINAL)
    assert final.ran.wait(30)
    assert book == ["final"]
    gate.set()
    assert all(job.ran.wait(30) for job in interims)
    pool.close()


def test_a_job_ahead_can_be_made_a_final(pool: DecoderPool) -> None:
    """It then comes before the other decodes ahead."""
    book: list[str] = []
    gate = busy(pool, book)
    first, second = Note("first", book), Note("second", book)
    pool.submit(first, Urgency.SPECULATIVE)
    pool.submit(second, Urgency.SPECULATIVE)
    pool.promote(second)
    gate.set()
    assert first.ran.wait(30)
    assert book == ["busy", "second", "first"]


def test_a_cancelled_job_does_not_run(pool: DecoderPool) -> None:
    """And cancelling what has run is no error."""
    book: list[str] = []
    gate = busy(pool, book)
    dropped, kept = Note("dropped", book), Note("kept", book)
    pool.submit(dropped, Urgency.FINAL)
    pool.submit(kept, Urgency.FINAL)
    assert pool.cancel(dropped)
    gate.set()
    assert kept.ran.wait(30)
    assert not pool.cancel(kept)
    assert book == ["busy", "kept"]


def test_a_failing_job_is_logged_by_type_and_kills_nobody(pool: DecoderPool, caplog: pytest.LogCaptureFixture) -> None:
    """The next job runs; what was said is not in the log."""
    book: list[str] = []
    after = Note("after", book)
    with caplog.at_level(logging.DEBUG):
        pool.submit(Bomb(), Urgency.FINAL)
        pool.submit(after, Urgency.FINAL)
        assert after.ran.wait(30)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_close_ends_the_threads_and_drops_what_waits() -> None:
    """After close nothing runs any more, and nothing is taken."""
    book: list[str] = []
    pool = DecoderPool(2)
    pool.start()
    pool.close()
    pool.submit(Note("late", book), Urgency.FINAL)
    assert book == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder-") and thread in pool._threads]
