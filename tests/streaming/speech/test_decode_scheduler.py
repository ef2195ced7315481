"""Workers: what is urgent comes first, and nothing kills them."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from streaming.speech.decode_scheduler import Scheduler, Urgency


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
def scheduler() -> Iterator[Scheduler]:
    """One worker, so that the order can be seen."""
    scheduler = Scheduler(1)
    scheduler.start()
    yield scheduler
    scheduler.close()


def busy(scheduler: Scheduler, book: list[str]) -> threading.Event:
    """Give the worker something to do until the event is set."""
    gate = threading.Event()
    job = Note("busy", book, gate)
    scheduler.submit(job, Urgency.FINAL)
    while not scheduler.has_room:  # the worker has taken it once nothing urgent waits
        threading.Event().wait(0.001)
    return gate


def test_finals_before_decodes_ahead_before_interims(scheduler: Scheduler) -> None:
    """The queue is worked off by urgency, not by time."""
    book: list[str] = []
    gate = busy(scheduler, book)
    last = Note("interim", book)
    for job, urgency in ((last, Urgency.INTERIM), (Note("ahead", book), Urgency.SPECULATIVE), (Note("final", book), Urgency.FINAL)):
        scheduler.submit(job, urgency)
    gate.set()
    assert last.ran.wait(30)
    assert book == ["busy", "final", "ahead", "interim"]


def test_interims_are_not_welcome_while_a_final_waits(scheduler: Scheduler) -> None:
    """Nor while two interims per worker wait already."""
    book: list[str] = []
    gate = busy(scheduler, book)
    assert scheduler.has_room
    waiting = Note("final", book)
    scheduler.submit(waiting, Urgency.FINAL)
    assert not scheduler.has_room
    scheduler.cancel(waiting)
    assert scheduler.has_room
    for _ in range(2):
        scheduler.submit(Note("interim", book), Urgency.INTERIM)
    assert not scheduler.has_room
    gate.set()


def test_interims_leave_a_worker_free() -> None:
    """With two workers, a final begins though interims fill the queue and one of them is at work."""
    scheduler = Scheduler(2)
    scheduler.start()
    book: list[str] = []
    gate = threading.Event()
    interims = [Note("interim", book, gate) for _ in range(3)]
    for job in interims:
        scheduler.submit(job, Urgency.INTERIM)
    final = Note("final", book)
    scheduler.submit(final, Urgency.FINAL)
    assert final.ran.wait(30)
    assert book == ["final"]
    gate.set()
    assert all(job.ran.wait(30) for job in interims)
    scheduler.close()


def test_a_job_ahead_can_be_made_a_final(scheduler: Scheduler) -> None:
    """It then comes before the other decodes ahead."""
    book: list[str] = []
    gate = busy(scheduler, book)
    first, second = Note("first", book), Note("second", book)
    scheduler.submit(first, Urgency.SPECULATIVE)
    scheduler.submit(second, Urgency.SPECULATIVE)
    scheduler.promote(second)
    gate.set()
    assert first.ran.wait(30)
    assert book == ["busy", "second", "first"]


def test_a_cancelled_job_does_not_run(scheduler: Scheduler) -> None:
    """And cancelling what has run is no error."""
    book: list[str] = []
    gate = busy(scheduler, book)
    dropped, kept = Note("dropped", book), Note("kept", book)
    scheduler.submit(dropped, Urgency.FINAL)
    scheduler.submit(kept, Urgency.FINAL)
    assert scheduler.cancel(dropped)
    gate.set()
    assert kept.ran.wait(30)
    assert not scheduler.cancel(kept)
    assert book == ["busy", "kept"]


def test_a_failing_job_is_logged_by_type_and_kills_nobody(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    """The next job runs; what was said is not in the log."""
    book: list[str] = []
    after = Note("after", book)
    with caplog.at_level(logging.DEBUG):
        scheduler.submit(Bomb(), Urgency.FINAL)
        scheduler.submit(after, Urgency.FINAL)
        assert after.ran.wait(30)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_close_ends_the_threads_and_drops_what_waits() -> None:
    """After close nothing runs any more, and nothing is taken."""
    book: list[str] = []
    scheduler = Scheduler(2)
    scheduler.start()
    scheduler.close()
    scheduler.submit(Note("late", book), Urgency.FINAL)
    assert book == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoding-") and thread in scheduler._threads]
