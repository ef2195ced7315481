"""Run the jobs that wait in this thread: for tests, and for installations that start a worker by a timer."""

from insights.jobs import task_queue
from insights.jobs.recovery import recover

MOST = 10_000
"""Tasks of one call."""


def run_waiting() -> int:
    """Run tasks until no job can run now, at most MOST; return their number. Not inside a transaction."""
    ran = 0
    while ran < MOST:
        recover()
        task = task_queue.take(task_queue.ACCOUNTS) or task_queue.take(task_queue.SERVER)
        if task is None:
            break
        task()
        ran += 1
    return ran
