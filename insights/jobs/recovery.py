"""Jobs that need a task: their worker died, their task was lost, or their time has come. Any worker takes care of all of them."""

import logging
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from insights.database import write_transaction
from insights.jobs import heartbeats, task_queue
from insights.jobs.enqueue import dispatch, end
from insights.jobs.execute import most_attempts, schedule
from insights.jobs.handlers import periodic_handlers
from insights.models import Job

logger = logging.getLogger(__name__)
Status = Job.Status

LOST_S = 10.0
"""Seconds after which a task that is not in the queue and has not begun is lost."""
MOST = 100
"""Jobs that one call takes care of, so that its transactions are short."""


def recover() -> None:
    """Schedule the jobs of dead workers again, and put the tasks of all jobs that can run into the queue."""
    _take_from_dead_workers()
    _forget_lost_tasks()
    waiting = Job.objects.filter(status=Status.SCHEDULED, enqueued_at=None, run_at__lte=timezone.now())
    if waiting.exists():
        with write_transaction():
            dispatch(waiting, MOST)


def create_periodic_jobs() -> None:
    """Create the missing jobs of periodic kinds, one of each for the installation."""
    kinds = [handler.kind for handler in periodic_handlers()]
    known = set(Job.objects.filter(periodic=True, kind__in=kinds).values_list("kind", flat=True))
    missing = [Job(kind=kind, internal=True, periodic=True) for kind in kinds if kind not in known]
    if missing:
        with write_transaction():
            Job.objects.bulk_create(missing, ignore_conflicts=True)  # another worker may do the same


def _take_from_dead_workers() -> None:
    stale = Job.objects.filter(status=Status.IN_PROGRESS, heartbeat_at__lt=Now() - timedelta(seconds=heartbeats.STALE_S))
    if not stale.exists():
        return
    with write_transaction():
        for job in stale.select_for_update(skip_locked=True)[:MOST]:
            logger.warning("job %s (%s): its worker %s sends no heartbeat, attempt %d", job.id, job.kind, job.worker, job.attempts)
            if job.attempts >= most_attempts(job.kind) and not job.periodic:
                end(job, Status.FAILED, f"the worker process ended while it ran this job, {job.attempts} times")
            else:
                schedule(job, 0.0, "the worker process ended while it ran this job")


def _forget_lost_tasks() -> None:
    """Note that tasks are not in the queue any more: it lost them, or the worker that took one died before it claimed the job."""
    old = timezone.now() - timedelta(seconds=LOST_S)
    enqueued = Job.objects.filter(status=Status.SCHEDULED, enqueued_at__lt=old).order_by("enqueued_at")
    tasks = dict(enqueued.values_list("pk", "task_id")[:MOST])
    lost = set(tasks.values()) - task_queue.known(set(tasks.values())) if tasks else set()
    if lost:
        with write_transaction():
            enqueued.filter(pk__in=tasks, task_id__in=lost).update(enqueued_at=None)
