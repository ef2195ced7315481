"""A worker: threads that take tasks from the queue and run jobs, and the care for jobs of dead workers."""

import logging
import threading
import time
from dataclasses import dataclass

from django.db import close_old_connections, connections

from insights.jobs import heartbeats, task_queue
from insights.jobs.errors import ClaimLost, Stopping
from insights.jobs.execute import hand_back
from insights.jobs.recovery import create_periodic_jobs, recover
from insights.safe_log import error_location

logger = logging.getLogger(__name__)

TAKE_S = 1.0
"""Seconds that a thread waits for a task before it looks whether the worker stops."""
RECOVER_S = 1.0
"""Seconds between two looks for jobs whose time has come, or whose worker died."""
RETRY_S = 2.0
"""Seconds between two tries while the queue or the database is unreachable."""
INTERRUPT_S = 3.0
"""Seconds that handlers have to end after they were interrupted; then their jobs are handed back without them."""
SERVER_THREADS = 4
"""Threads for internal jobs, such as webhooks and mail."""


@dataclass(slots=True)
class _Failures:
    """Logs the first of several failures in a row."""

    what: str
    failing: bool = False

    def note(self, error: Exception) -> None:
        if not self.failing:
            logger.warning("%s (%s)", self.what, error_location(error))
        self.failing = True


class Worker:
    """Runs jobs until it is stopped.

    One thread of each queue looks for a task while the others wait for their turn, so that an idle worker costs little CPU.

    Args:
        threads: jobs of accounts that run at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._stopping = threading.Event()
        self._turns = {queue: threading.Lock() for queue in (task_queue.ACCOUNTS, task_queue.SERVER)}
        queues = [task_queue.ACCOUNTS] * threads + [task_queue.SERVER] * SERVER_THREADS
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f"jobs-{queue}-{number}", daemon=True)
            for number, queue in enumerate(queues, 1)
        ]

    def stop(self) -> None:
        """Take no more tasks; may be called by a signal handler."""
        self._stopping.set()

    def run(self, grace_s: float) -> None:
        """Run jobs until `stop`; then running jobs have so many seconds to finish before they are handed back."""
        for thread in self._threads:
            thread.start()
        self._care()
        if not self._join(grace_s):
            logger.info("handing back %d jobs", heartbeats.heartbeats.interrupt_all(Stopping))
            if not self._join(INTERRUPT_S):
                self._hand_back_all()
        connections.close_all()

    def _care(self) -> None:
        """Take care of all jobs until `stop`."""
        failures = _Failures("waiting jobs cannot be looked for")
        periodic_at = 0.0
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= periodic_at:
                    create_periodic_jobs()
                    periodic_at = time.monotonic() + 60.0
                recover()
                failures.failing = False
            except Exception as error:
                failures.note(error)
                connections.close_all()
                self._stopping.wait(RETRY_S)
            self._stopping.wait(RECOVER_S)

    def _work(self, queue: str) -> None:
        failures = _Failures(f"tasks cannot be taken from the queue {queue!r}")
        turn = self._turns[queue]
        while not self._stopping.is_set():
            if not turn.acquire(timeout=TAKE_S):
                continue
            try:
                task = task_queue.take(queue, TAKE_S)
                failures.failing = False
            except Exception as error:
                failures.note(error)
                connections.close_all()
                self._stopping.wait(RETRY_S)
                continue
            finally:
                turn.release()
            if task is not None:
                try:
                    task()
                except Exception as error:
                    logger.error("a task failed (%s)", error_location(error))
                close_old_connections()
        connections.close_all()

    def _join(self, seconds: float) -> bool:
        """Wait at most so many seconds for the end of all threads; return whether they have ended."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _hand_back_all(self) -> None:
        for job in heartbeats.heartbeats.running():
            try:
                hand_back(job)
            except ClaimLost:
                continue
            except Exception as error:  # it starts again when its heartbeat is too old
                logger.warning("job %s cannot be handed back (%s)", job.id, error_location(error))
