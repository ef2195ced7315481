"""New jobs, their order, and cancelling."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from insights.database import write_transaction
from insights.jobs import task_queue
from insights.jobs.errors import TooManyJobs
from insights.jobs.handlers import handler_of
from insights.jobs.signals import announce_status
from insights.models import AccountSettings, Job
from insights.snapshots import JsonObject

Status = Job.Status
CANCELLED = "cancelled"
"""The reason of a cancelled job."""


def enqueue(
    kind: str,
    owner_id: int | None,
    parameters: JsonObject,
    *,
    conversation_id: int | None = None,
    webhook_url: str = "",
    run_at: datetime | None = None,
) -> Job:
    """Store a job and its task in one transaction, which may be part of the caller's.

    Raises TooManyJobs at the account's limit, and UnknownJobKind where no handler is registered.
    """
    handler = handler_of(kind)
    with write_transaction():
        if owner_id is not None and not handler.internal:
            _check_limit(owner_id)
        job = Job.objects.create(
            kind=kind,
            owner_id=owner_id,
            parameters=parameters,
            conversation_id=conversation_id,
            webhook_url=webhook_url,
            internal=handler.internal,
            run_at=run_at or timezone.now(),
        )
        dispatch(Job.objects.filter(pk=job.pk))
    return job


def dispatch(jobs: QuerySet[Job], most: int = 100) -> int:
    """Put the tasks of the jobs that can run now into the queue, oldest first, at most `most`; return their number.

    Call in a transaction. A job whose task is in the queue is not put there again.
    """
    now = timezone.now()
    ready = list(runnable(jobs).filter(enqueued_at=None).order_by("run_at", "created_at", "id").select_for_update(skip_locked=True)[:most])
    Job.objects.filter(pk__in=[job.pk for job in ready]).update(enqueued_at=now, task_id="")
    task_queue.put(ready)
    return len(ready)


def runnable(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Return the jobs that can run now: their time has come, and no other job of their conversation runs or comes before.

    A job that waits for its next attempt keeps its place before later ones. Internal jobs wait for no other.
    """
    now = timezone.now()
    same = Job.objects.filter(conversation_id=OuterRef("conversation_id"), internal=False).exclude(pk=OuterRef("pk"))
    older = Q(created_at__lt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__lt=OuterRef("pk"))
    waits = Q(status=Status.SCHEDULED) & (Q(run_at__lte=now) | Q(attempts__gt=0)) & older
    before = same.filter(Q(status=Status.IN_PROGRESS) | waits)
    free = Q(internal=True) | Q(conversation=None) | ~Exists(before)
    return jobs.filter(free, status=Status.SCHEDULED, run_at__lte=now)


def cancel(job_id: UUID) -> None:
    """Cancel a job: one that waits has failed at once, one that runs ends soon; others are left as they are."""
    with write_transaction():
        job = Job.objects.select_for_update().filter(pk=job_id).first()
        if job is None or job.finished or job.periodic:
            return
        job.cancel_requested = True
        job.save(update_fields=["cancel_requested"])
        if job.status == Status.SCHEDULED:
            end(job, Status.FAILED, CANCELLED)


def end(job: Job, status: Job.Status, reason: str = "") -> None:
    """Store the end of a job whose row is locked, and let the next job of its conversation run."""
    job.status, job.reason, job.claim, job.finished_at = status, reason[:500], None, timezone.now()
    if status == Status.COMPLETED:
        job.progress = 1.0
    if job.internal:
        job.parameters = {}  # such as the text of a mail
    job.save(update_fields=["status", "reason", "claim", "finished_at", "progress", "parameters"])
    announce_status(job)
    if job.conversation_id is not None:
        dispatch(Job.objects.filter(conversation_id=job.conversation_id), most=1)


def _check_limit(owner_id: int) -> None:
    """Raise TooManyJobs at the limit. The row of the account stays locked, so that two requests do not both take the last place."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner_id)
    unfinished = Job.objects.filter(owner_id=owner_id, internal=False, status__in=(Status.SCHEDULED, Status.IN_PROGRESS))
    own = AccountSettings.objects.filter(user_id=owner_id).values_list("max_jobs", flat=True).first()
    most = settings.MAX_JOBS_PER_ACCOUNT if own is None else own
    if unfinished.count() >= most:
        raise TooManyJobs(most)
