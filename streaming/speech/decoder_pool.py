"""Worker threads that decode speech to words, by priority: finals first, then speculative decodes, then interims."""

import logging
import threading
from collections import deque
from enum import IntEnum
from typing import Protocol

log = logging.getLogger(__name__)


class Urgency(IntEnum):
    """Priority of a job; lower values run first."""

    FINAL = 0
    SPECULATIVE = 1
    INTERIM = 2


class Job(Protocol):
    """A unit of work; `run` is called once, in a worker thread, unless the job is cancelled before."""

    def run(self) -> None:
        """Run the job. The pool logs exceptions, by type only."""


class DecoderPool:
    """A fixed number of worker threads and one FIFO queue per urgency."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._queues: dict[Urgency, deque[Job]] = {urgency: deque() for urgency in Urgency}
        self._most_waiting = 2 * threads
        self._most_interims = max(1, threads - 1)  # running at the same time, so that a final finds a free worker
        self._interims = 0
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"decoder-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, urgency: Urgency) -> None:
        """Append a job to its queue; returns at once."""
        with self._changed:
            if not self._closed:
                self._queues[urgency].append(job)
                self._changed.notify()

    @property
    def has_room(self) -> bool:
        """Return whether an interim may be submitted: no more urgent job waits, and few interims wait."""
        queues = self._queues
        urgent = queues[Urgency.FINAL] or queues[Urgency.SPECULATIVE]
        return not urgent and len(queues[Urgency.INTERIM]) < self._most_waiting

    def cancel(self, job: Job) -> bool:
        """Remove a job from its queue; return False if a worker already took it or it was never queued."""
        with self._changed:
            for queue in self._queues.values():
                if job in queue:
                    queue.remove(job)
                    return True
        return False

    def promote(self, job: Job) -> None:
        """Give a waiting job the urgency of a final; a job that already runs is not changed."""
        if self.cancel(job):
            self.submit(job, Urgency.FINAL)

    def close(self) -> None:
        """Drop waiting jobs, stop the threads and wait for them."""
        with self._changed:
            self._closed = True
            for queue in self._queues.values():
                queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()

    def _next(self) -> tuple[Job, Urgency] | None:
        """Wait for the most urgent job that may start; return None once the pool is closed."""
        with self._changed:
            while not self._closed:
                for urgency, queue in self._queues.items():
                    if queue and (urgency is not Urgency.INTERIM or self._interims < self._most_interims):
                        self._interims += urgency is Urgency.INTERIM
                        return queue.popleft(), urgency
                self._changed.wait()
        return None

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            job, urgency = taken
            try:
                job.run()
            except Exception as error:  # its text may contain spoken words
                log.error("a decode job failed (%s)", type(error).__name__)
            if urgency is Urgency.INTERIM:
                with self._changed:
                    self._interims -= 1
                    self._changed.notify()
