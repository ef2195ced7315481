"""Run one job: claim its row, call the handler, store how it ended."""

import logging
import os
import socket
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from insights.database import write_transaction
from insights.jobs import heartbeats
from insights.jobs.enqueue import CANCELLED, dispatch, end, runnable
from insights.jobs.errors import Cancelled, ClaimLost, Failed, Stopping, UnknownJobKind
from insights.jobs.handlers import RETRY_S, Handler, handler_of
from insights.jobs.running import RunningJob
from insights.jobs.signals import announce_status
from insights.models import Conversation, Job
from insights.recorder.types import UnknownConversation
from insights.safe_log import error_location

logger = logging.getLogger(__name__)
Status = Job.Status

DELETED = "the conversation was deleted, or moved to the bin"
UNKNOWN_S = 60.0
"""Seconds after which a job is tried again whose kind this worker does not know."""


def worker_name() -> str:
    """Name this process for administrators."""
    return f"{socket.gethostname()}:{os.getpid()}"[:200]


def execute(job_id: UUID) -> bool:
    """Claim a job and run it; return False if it cannot run now, or another worker has it."""
    job = claim(job_id)
    if job is None:
        return False
    running = RunningJob(job)
    logger.info("job %s (%s) began, attempt %d", job.id, job.kind, job.attempts)
    try:
        with heartbeats.heartbeats.beating(running):
            _call(running)
    except ClaimLost:
        logger.warning("job %s (%s): another worker has it, or it was deleted", job.id, job.kind)
    except DatabaseError as error:  # its heartbeats end, and so it starts again
        logger.error("job %s (%s): its end could not be stored (%s)", job.id, job.kind, error_location(error))
    return True


def claim(job_id: UUID) -> Job | None:
    """Take a job for one attempt; return None if it cannot run now, or another worker has it.

    Claims of one conversation take turns, so that two of its jobs never run at the same time.
    """
    with write_transaction():
        job = Job.objects.filter(pk=job_id).first()
        if job is None:
            return None
        if job.conversation_id is not None and not job.internal:
            Conversation.objects.select_for_update(no_key=True).only("pk").filter(pk=job.conversation_id).first()
        changes = {
            "status": Status.IN_PROGRESS,
            "claim": uuid4(),
            "worker": worker_name(),
            "attempts": F("attempts") + 1,
            "progress": 0.0,
            "heartbeat_at": Now(),
            "started_at": Coalesce("started_at", timezone.now()),
        }
        ready = runnable(Job.objects.filter(pk=job_id)).values("pk")
        if not Job.objects.filter(pk__in=ready, status=Status.SCHEDULED).update(**changes):
            Job.objects.filter(pk=job_id, status=Status.SCHEDULED).update(enqueued_at=None)  # its task is used up
            return None
        job = Job.objects.get(pk=job_id)
        announce_status(job)
        return job


def _call(running: RunningJob) -> None:
    """Call the handler and store how the attempt ended. Raises ClaimLost."""
    try:
        handler = handler_of(running.kind)
        handler.run(running)
    except ClaimLost:
        raise
    except Stopping:
        hand_back(running)
    except Cancelled:
        _end(running, Status.FAILED, CANCELLED)
    except Failed as error:
        _end(running, Status.FAILED, str(error))
    except UnknownConversation:
        _end(running, Status.FAILED, DELETED)
    except UnknownJobKind as error:
        _leave_to_others(running, str(error))
    except Exception as error:
        logger.error("job %s (%s) failed in attempt %d (%s)", running.id, running.kind, running.attempt, error_location(error))
        _retry_or_fail(running, handler, error)
    else:
        if handler.every_s is not None:
            _repeat(running, handler.every_s)
        else:
            _end(running, Status.COMPLETED)


def hand_back(running: RunningJob) -> None:
    """Let another worker run the job from its beginning; the attempt does not count. Raises ClaimLost."""
    with write_transaction():
        job = _mine(running)
        job.attempts = max(0, job.attempts - 1)
        schedule(job, 0.0)


def schedule(job: Job, after_s: float, reason: str = "") -> None:
    """Let a locked job that ran run again, after so many seconds, unless it was cancelled meanwhile."""
    if job.cancel_requested:
        end(job, Status.FAILED, CANCELLED)
        return
    job.status, job.claim, job.enqueued_at = Status.SCHEDULED, None, None
    job.reason, job.run_at = reason[:500], timezone.now() + timedelta(seconds=after_s)
    job.save(update_fields=["status", "claim", "enqueued_at", "reason", "run_at", "attempts"])
    announce_status(job)
    dispatch(Job.objects.filter(pk=job.pk))


def most_attempts(kind: str) -> int:
    """Return the number of attempts after which a job of this kind fails."""
    try:
        return handler_of(kind).most_attempts
    except UnknownJobKind:
        return len(RETRY_S) + 1


def _retry_or_fail(running: RunningJob, handler: Handler, error: Exception) -> None:
    with write_transaction():
        job = _mine(running)
        reason = f"an unexpected error happened on the server ({type(error).__name__})"
        if handler.every_s is not None:
            job.attempts = 0
            schedule(job, handler.every_s, reason)
        elif running.attempt >= handler.most_attempts:
            end(job, Status.FAILED, reason)
        else:
            schedule(job, handler.retry_s[running.attempt - 1], reason)


def _repeat(running: RunningJob, every_s: float) -> None:
    with write_transaction():
        job = _mine(running)
        job.attempts = 0
        schedule(job, every_s if running.again_s is None else running.again_s)


def _leave_to_others(running: RunningJob, reason: str) -> None:
    """Let a worker of another version run the job, as while an installation is upgraded."""
    with write_transaction():
        job = _mine(running)
        if job.attempts >= most_attempts(job.kind) and not job.periodic:
            end(job, Status.FAILED, reason)
        else:
            schedule(job, UNKNOWN_S, reason)


def _end(running: RunningJob, status: Job.Status, reason: str = "") -> None:
    """Store the end of the job. A periodic job has none: it runs again."""
    with write_transaction():
        job = _mine(running)
        if job.periodic:
            job.attempts = 0
            schedule(job, handler_of(job.kind).every_s or 0.0, reason)
        else:
            end(job, status, reason)
    logger.info("job %s (%s) ended: %s%s", running.id, running.kind, status.value, f" ({CANCELLED})" if reason == CANCELLED else "")


def _mine(running: RunningJob) -> Job:
    """Return the locked row of a job that this attempt still has. Raises ClaimLost."""
    job = Job.objects.select_for_update().filter(pk=running.id, claim=running.claim).first()
    if job is None:
        raise ClaimLost
    return job
