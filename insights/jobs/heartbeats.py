"""Heartbeats of the jobs that run in this process: one thread, one statement for all of them."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from insights.database import connection_closed_after, write_transaction
from insights.jobs.errors import Cancelled, ClaimLost, Interrupted
from insights.jobs.running import RunningJob
from insights.models import Job
from insights.safe_log import error_location

logger = logging.getLogger(__name__)

HEARTBEAT_S = 3.0
"""Seconds between two heartbeats."""
LOOK_S = 0.5
"""Seconds between two looks whether a job was cancelled."""
STALE_S = 20.0
"""Seconds without a heartbeat after which the worker of a job counts as dead."""


class Heartbeats:
    """The running jobs of a process. The thread runs while there are any."""

    def __init__(self, every_s: float = HEARTBEAT_S) -> None:
        self._every_s = every_s
        self._jobs: dict[UUID, RunningJob] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, job: RunningJob) -> Iterator[None]:
        """Send heartbeats for a job in this block, and notice a request to cancel it and the loss of its claim."""
        with self._lock:
            self._jobs[job.claim] = job
            if self._thread is None:
                self._changed.clear()
                self._thread = threading.Thread(target=self._run, name="job-heartbeats", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._jobs[job.claim]
                self._changed.set()

    def running(self) -> list[RunningJob]:
        """Return the jobs that run in this process."""
        with self._lock:
            return list(self._jobs.values())

    def interrupt_all(self, reason: type[Interrupted]) -> int:
        """Let each running job end at its next call of `progress`; return their number."""
        running = self.running()
        for job in running:
            job.interrupt(reason)
        return len(running)

    @connection_closed_after
    def _run(self) -> None:
        failing, beaten = False, time.monotonic()
        while True:
            self._changed.wait(min(LOOK_S, self._every_s))
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return
                self._changed.clear()
                jobs = dict(self._jobs)
            try:
                if time.monotonic() - beaten >= self._every_s:
                    beaten = time.monotonic()
                    beat(jobs)
                else:
                    look(jobs)
                failing = False
            except Exception as error:
                connection.close()
                if not failing:
                    logger.warning("heartbeats of jobs cannot be stored (%s)", error_location(error))
                failing = True


def beat(jobs: dict[UUID, RunningJob]) -> None:
    """Store a heartbeat for these running jobs, by claim, and interrupt those that were cancelled or have lost their claim."""
    if connection.vendor == "sqlite":  # a power failure may undo a heartbeat, as it ends the job
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")
    with write_transaction():
        mine = Job.objects.filter(claim__in=list(jobs))
        mine.update(heartbeat_at=Now())
        cancelled = dict(mine.values_list("claim", "cancel_requested"))
    _interrupt(jobs, cancelled)


def look(jobs: dict[UUID, RunningJob]) -> None:
    """Interrupt those of these running jobs, by claim, that were cancelled or have lost their claim. It only reads."""
    _interrupt(jobs, dict(Job.objects.filter(claim__in=list(jobs)).values_list("claim", "cancel_requested")))


def _interrupt(jobs: dict[UUID, RunningJob], cancelled: dict[UUID | None, bool]) -> None:
    """Interrupt jobs by what their rows say; `cancelled`: whether that was asked for, by the claims that are left."""
    for claim, job in jobs.items():
        if claim not in cancelled:
            job.interrupt(ClaimLost)
        elif cancelled[claim]:
            job.interrupt(Cancelled)


heartbeats = Heartbeats()
"""Those of this process."""
