"""Worker threads that decode: finals before decodes ahead, both before interims. Knows nothing of sound."""

import logging
import threading
from collections import deque
from enum import IntEnum
from typing import Protocol

log = logging.getLogger(__name__)


class Urgency(IntEnum):
    """What is taken first."""

    FINAL = 0
    AHEAD = 1
    INTERIM = 2


class Job(Protocol):
    """A piece of work; `run` is called once, in a worker thread, unless the job was cancelled before."""

    def run(self) -> None:
        """Do it. Exceptions are the scheduler's to log, by type only."""


class Scheduler:
    """A fixed number of worker threads behind one queue for each urgency, first come first served."""

    def __init__(self, threads: int) -> None:
        self._queues: dict[Urgency, deque[Job]] = {urgency: deque() for urgency in Urgency}
        self._most_waiting = 2 * threads
        self._most_interims = max(1, threads - 1)  # at the same time: a final that comes finds a free worker
        self._interims = 0
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"decoding-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, urgency: Urgency) -> None:
        """Put a job at the end of its queue; returns at once."""
        with self._changed:
            if not self._closed:
                self._queues[urgency].append(job)
                self._changed.notify()

    @property
    def has_room(self) -> bool:
        """Tell whether an interim is welcome: nothing more urgent waits, and few interims do."""
        queues = self._queues
        urgent = queues[Urgency.FINAL] or queues[Urgency.AHEAD]
        return not urgent and len(queues[Urgency.INTERIM]) < self._most_waiting

    def cancel(self, job: Job) -> bool:
        """Take a job out of its queue; False if it was taken by a worker already, or never was there."""
        with self._changed:
            for queue in self._queues.values():
                if job in queue:
                    queue.remove(job)
                    return True
        return False

    def hasten(self, job: Job) -> None:
        """Make a waiting job as urgent as a final; one that is already taken is left alone."""
        if self.cancel(job):
            self.submit(job, Urgency.FINAL)

    def close(self) -> None:
        """Drop what waits, end the threads and wait for them."""
        with self._changed:
            self._closed = True
            for queue in self._queues.values():
                queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()

    def _next(self) -> tuple[Job, Urgency] | None:
        """Wait for the most urgent job that may begin; None when the scheduler was closed."""
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
            except Exception as error:  # its text may hold what was said
                log.error("hearing: a decode failed (%s)", type(error).__name__)
            if urgency is Urgency.INTERIM:
                with self._changed:
                    self._interims -= 1
                    self._changed.notify()
