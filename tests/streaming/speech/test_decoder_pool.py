"""The workers of the decoder pool: urgent jobs first, and failures end no worker."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from streaming.speech.decoder_pool import INTERIM_SHARE, DecoderPool, InterimBudget, Urgency


@dataclass(eq=False)
class Note:
    """A job that records its name after its event was set."""

    name: str
    log: list[str]
    gate: threading.Event | None = None
    ran: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        if self.gate:
            self.gate.wait(60)
        self.log.append(self.name)
        self.ran.set()


class Failing:
    """A job that fails with words in its message."""

    def run(self) -> None:
        raise ValueError("the secret words")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    """One worker, so that the order can be observed."""
    pool = DecoderPool(1)
    pool.start()
    yield pool
    pool.close()


def busy(pool: DecoderPool, log: list[str]) -> threading.Event:
    """Occupy the worker until the event is set."""
    gate = threading.Event()
    job = Note("busy", log, gate)
    pool.submit(job, Urgency.FINAL)
    while not pool.has_room:  # the worker has started it once no urgent job is queued
        threading.Event().wait(0.001)
    return gate


class Computing:
    """A job that takes 0.01 s of CPU time."""

    def __init__(self) -> None:
        self.ran = threading.Event()

    def run(self) -> None:
        began = time.thread_time()
        while time.thread_time() - began < 0.01:
            sum(range(100))
        self.ran.set()


def test_cpu_time_counts_by_urgency(pool: DecoderPool) -> None:
    """That of the jobs that have ended."""
    job, after = Computing(), Note("after", [])
    pool.submit(job, Urgency.SPECULATIVE)
    pool.submit(after, Urgency.INTERIM)
    assert after.ran.wait(60)
    spent = pool.cpu_s
    assert spent[Urgency.SPECULATIVE] >= 0.01
    assert spent[Urgency.FINAL] == 0


def test_finals_before_speculative_decodes_before_interims(pool: DecoderPool) -> None:
    """The pool orders jobs by urgency, not by time."""
    log: list[str] = []
    gate = busy(pool, log)
    last = Note("interim", log)
    for job, urgency in ((last, Urgency.INTERIM), (Note("ahead", log), Urgency.SPECULATIVE), (Note("final", log), Urgency.FINAL)):
        pool.submit(job, urgency)
    gate.set()
    assert last.ran.wait(30)
    assert log == ["busy", "final", "ahead", "interim"]


def test_no_interims_while_a_final_is_queued(pool: DecoderPool) -> None:
    """The pool refuses interims then, and while two per worker are queued."""
    log: list[str] = []
    gate = busy(pool, log)
    assert pool.has_room
    waiting = Note("final", log)
    pool.submit(waiting, Urgency.FINAL)
    assert not pool.has_room
    pool.cancel(waiting)
    assert pool.has_room
    for _ in range(2):
        pool.submit(Note("interim", log), Urgency.INTERIM)
    assert not pool.has_room
    gate.set()


def test_interims_leave_a_worker_free() -> None:
    """With two workers, a final starts though interims fill the queue and one of them runs."""
    pool = DecoderPool(2)
    pool.start()
    log: list[str] = []
    gate = threading.Event()
    interims = [Note("interim", log, gate) for _ in range(3)]
    for job in interims:
        pool.submit(job, Urgency.INTERIM)
    final = Note("final", log)
    pool.submit(final, Urgency.FINAL)
    assert final.ran.wait(30)
    assert log == ["final"]
    gate.set()
    assert all(job.ran.wait(30) for job in interims)
    pool.close()


def interims(seconds: float, urgent_share: float) -> float:
    """Return the time that interims of 0.05 s each get in so many seconds beside other decodes, after what was saved up."""
    budget, now, taken = InterimBudget(2, 0.0), 0.0, 0.0
    while now < 60 + seconds:
        while budget.allows(now):
            budget.spent(0.05, Urgency.INTERIM, now)
            taken += 0.05 * (now >= 60)
        budget.spent(2 * urgent_share * 0.1, Urgency.FINAL, now)
        now += 0.1
    return taken


def test_interims_get_a_share_of_the_time() -> None:
    """Other decodes that take a tenth of the time change nothing; those that take more reduce it, to nothing."""
    for little in (0.0, 0.1):
        assert interims(100, little) == pytest.approx(2 * 100 * INTERIM_SHARE, rel=0.05)
    assert interims(100, 0.16) < 0.8 * interims(100, 0.0)
    assert 0 < interims(100, 0.24) < interims(100, 0.2) < interims(100, 0.16)
    assert interims(100, 0.3) == 0


def test_interims_wait_when_their_time_is_spent(pool: DecoderPool) -> None:
    """The pool refuses them then, though nothing else waits."""
    assert pool.has_room
    pool._budget.spent(60.0, Urgency.INTERIM, 0.0)
    assert not pool.has_room


def test_a_speculative_decode_can_become_a_final(pool: DecoderPool) -> None:
    """It then runs before the other speculative decodes."""
    log: list[str] = []
    gate = busy(pool, log)
    first, second = Note("first", log), Note("second", log)
    pool.submit(first, Urgency.SPECULATIVE)
    pool.submit(second, Urgency.SPECULATIVE)
    pool.promote(second)
    gate.set()
    assert first.ran.wait(30)
    assert log == ["busy", "second", "first"]


def test_a_cancelled_job_does_not_run(pool: DecoderPool) -> None:
    """A cancelled job does not run, and a cancel after the run is no error."""
    log: list[str] = []
    gate = busy(pool, log)
    dropped, kept = Note("dropped", log), Note("kept", log)
    pool.submit(dropped, Urgency.FINAL)
    pool.submit(kept, Urgency.FINAL)
    assert pool.cancel(dropped)
    gate.set()
    assert kept.ran.wait(30)
    assert not pool.cancel(kept)
    assert log == ["busy", "kept"]


def test_a_failing_job_is_logged_by_type(pool: DecoderPool, caplog: pytest.LogCaptureFixture) -> None:
    """The next job runs; the words are not in the log."""
    log: list[str] = []
    after = Note("after", log)
    with caplog.at_level(logging.DEBUG):
        pool.submit(Failing(), Urgency.FINAL)
        pool.submit(after, Urgency.FINAL)
        assert after.ran.wait(30)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_close_ends_the_threads_and_drops_queued_jobs() -> None:
    """After close no job runs, and none is accepted."""
    log: list[str] = []
    pool = DecoderPool(2)
    pool.start()
    pool.close()
    pool.submit(Note("late", log), Urgency.FINAL)
    assert log == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder-") and thread in pool._threads]
