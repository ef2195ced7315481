"""The task queue: tells workers that a job can run. It may lose tasks and have them twice; the rows of jobs are the truth.

A task of the interface `django_tasks` holds the id of a job. The back end is chosen by the setting TASK_QUEUE.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django_tasks import task

from insights.database import write_transaction
from insights.models import Job
from insights.safe_log import error_location

logger = logging.getLogger(__name__)

ACCOUNTS, SERVER = "accounts", "server"
"""The queues: jobs that accounts asked for, and internal ones."""
LOOK_S = 0.5
"""Seconds between two looks into a table of tasks that is empty."""


@task(queue_name=ACCOUNTS)
def run_job(job_id: str) -> None:
    """Run a job, if it can run and no worker runs it."""
    from insights.jobs.execute import execute  # which enqueues jobs itself

    execute(UUID(job_id))


def put(jobs: Sequence[Job]) -> None:
    """Put the tasks of jobs into the queue; call in the transaction that stores `enqueued_at`.

    Into a table: in this transaction. Elsewhere: after it committed; a failure is logged, and a worker puts the task there later.
    """
    if settings.TASK_QUEUE == "database":
        _enqueue(jobs)
    elif jobs:
        transaction.on_commit(partial(_enqueue_elsewhere, jobs))


def take(queue: str, wait_s: float = 0.0) -> Callable[[], object] | None:
    """Remove the oldest task from a queue and return it, to be called; None if there is none for `wait_s` seconds."""
    return _take_from_redis(queue, wait_s) if settings.TASK_QUEUE == "redis" else _take_from_table(queue, wait_s)


def known(task_ids: Collection[str]) -> set[str]:
    """Return which of these tasks are in the queue. Raises the errors of the queue, for example while it is unreachable."""
    if settings.TASK_QUEUE == "redis":
        import django_rq
        from django_tasks_rq import Job as RqJob

        ids = [one for one in task_ids if one]
        found = RqJob.fetch_many(ids, connection=django_rq.get_connection(ACCOUNTS)) if ids else []
        return {str(one.id) for one in found if one is not None}
    from django_tasks_db.models import DBTaskResult

    rows = DBTaskResult.objects.filter(pk__in=[one for one in task_ids if one])
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def _enqueue(jobs: Sequence[Job]) -> None:
    for job in jobs:  # the interface has no call for several tasks; mostly there is one
        queue = SERVER if job.internal else ACCOUNTS
        job.task_id = str(run_job.using(queue_name=queue).enqueue(str(job.pk)).id)
    Job.objects.bulk_update(jobs, ["task_id"])


def _enqueue_elsewhere(jobs: Sequence[Job]) -> None:
    try:
        _enqueue(jobs)
    except Exception as error:
        logger.warning("the task queue is unreachable: %d jobs are enqueued later (%s)", len(jobs), error_location(error))


def _take_from_table(queue: str, wait_s: float) -> Callable[[], object] | None:
    from django_tasks_db.models import DBTaskResult

    ready = DBTaskResult.objects.ready().filter(queue_name=queue)
    until = time.monotonic() + wait_s
    while not ready.exists():  # without a transaction: workers that wait must not disturb writers
        if (left := until - time.monotonic()) <= 0:
            return None
        time.sleep(min(left, LOOK_S))
    with write_transaction():
        row = ready.get_locked()
        if row is None:
            return None
        row.delete()
    return partial(row.task.call, *row.args_kwargs["args"], **row.args_kwargs["kwargs"])


def _take_from_redis(queue: str, wait_s: float) -> Callable[[], object] | None:
    import django_rq
    from django_tasks_rq import Job as RqJob
    from rq.exceptions import DequeueTimeout

    source = django_rq.get_queue(queue, job_class=RqJob)
    try:
        timeout = max(1, round(wait_s)) if wait_s else None
        found = source.dequeue_any([source], timeout, connection=source.connection, job_class=RqJob)
    except DequeueTimeout:
        return None
    if found is None:
        return None
    job = found[0]
    source.connection.lrem(source.intermediate_queue_key, 1, job.id)  # rq's own worker would remove it there
    call = partial(job.func.call, *job.args, **job.kwargs)
    job.delete()
    return call
