"""Worker threads that decode speech to words, by priority: finals first, then speculative decodes, then interims."""

import logging
import math
import threading
import time
from collections import deque
from enum import IntEnum
from typing import Protocol

log = logging.getLogger(__name__)


class Urgency(IntEnum):
    """Priority of a job; lower values run first."""

    FINAL = 0
    SPECULATIVE = 1
    INTERIM = 2


class PooledJob(Protocol):
    """A unit of work; `run` is called once, in a worker thread, unless the job is cancelled before."""

    def run(self) -> None:
        """Run the job. The pool logs exceptions, by type only."""


INTERIM_SHARE = 0.35
"""Share of the time of all workers that interims may take while other decodes take little of it."""
_LITTLE, _MUCH = 0.12, 0.26  # shares of the time of all workers for other decodes, at which that of interims begins to fall, and is zero
_BURST_S = 0.3  # time that interims may save up, per worker
_REMEMBERED_S = 4.0  # over which the time of other decodes is averaged


class InterimBudget:
    """The working time for interims, which shrinks with the time that more urgent decodes take: under load interims become rarer.

    `now` is a monotonic time in seconds. Not thread-safe.
    """

    def __init__(self, threads: int, now: float) -> None:
        self._threads = threads
        self._level = self._most = _BURST_S * threads
        self._urgent_s = 0.0  # exponentially weighted
        self._at = now

    def spent(self, seconds: float, urgency: Urgency, now: float) -> None:
        """Record the time of a decode."""
        self._pass(now)
        if urgency is Urgency.INTERIM:
            self._level -= seconds
        else:
            self._urgent_s += seconds

    def allows(self, now: float) -> bool:
        """Return whether another interim may be decoded."""
        self._pass(now)
        return self._level > 0

    def _pass(self, now: float) -> None:
        passed, self._at = max(0.0, now - self._at), max(now, self._at)
        load = self._urgent_s / (_REMEMBERED_S * self._threads)
        share = INTERIM_SHARE * min(1.0, max(0.0, (_MUCH - load) / (_MUCH - _LITTLE)))
        self._level = min(self._most, self._level + share * self._threads * passed)
        self._urgent_s *= math.exp(-passed / _REMEMBERED_S)


class DecoderPool:
    """A fixed number of worker threads and one FIFO queue per urgency."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._queues: dict[Urgency, deque[PooledJob]] = {urgency: deque() for urgency in Urgency}
        self._most_waiting = 2 * threads
        self._most_interims = max(1, threads - 1)  # running at the same time, so that a final finds a free worker
        self._interims = 0
        self._budget = InterimBudget(threads, time.monotonic())
        self._cpu_s = dict.fromkeys(Urgency, 0.0)
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"decoder-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def cpu_s(self) -> dict[Urgency, float]:
        """CPU seconds of the jobs of each urgency so far."""
        with self._changed:
            return dict(self._cpu_s)

    def submit(self, job: PooledJob, urgency: Urgency) -> None:
        """Append a job to its queue; returns at once."""
        with self._changed:
            if not self._closed:
                self._queues[urgency].append(job)
                self._changed.notify()

    @property
    def has_room(self) -> bool:
        """Return whether an interim may be submitted: no more urgent job waits, few interims wait, and they have working time left."""
        queues = self._queues
        if queues[Urgency.FINAL] or queues[Urgency.SPECULATIVE] or len(queues[Urgency.INTERIM]) >= self._most_waiting:
            return False
        with self._changed:
            return self._budget.allows(time.monotonic())

    def cancel(self, job: PooledJob) -> bool:
        """Remove a job from its queue; return False if a worker already took it or it was never queued."""
        with self._changed:
            for queue in self._queues.values():
                if job in queue:
                    queue.remove(job)
                    return True
        return False

    def promote(self, job: PooledJob) -> None:
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

    def _next(self) -> tuple[PooledJob, Urgency] | None:
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
            began, cpu_before = time.monotonic(), time.thread_time()
            try:
                job.run()
            except Exception as error:  # its text may contain spoken words
                log.error("a decode job failed (%s)", type(error).__name__)
            with self._changed:
                now = time.monotonic()
                self._budget.spent(now - began, urgency, now)
                self._cpu_s[urgency] += time.thread_time() - cpu_before
                if urgency is Urgency.INTERIM:
                    self._interims -= 1
                    self._changed.notify()
