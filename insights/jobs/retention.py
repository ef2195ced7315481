"""Retention: removal of expired sign-ins, of old jobs, of conversations that are older than `KEEP_DAYS` or than their account keeps
them, of those that were in the bin for `BIN_DAYS`, and of what describes the voices of ended conversations.

Each run removes limited batches, so that other writers do not wait long, and runs again soon while there is more.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from insights import access, recorder
from insights.database import write_transaction
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.models import Job
from insights.recorder.deletion.retention import MOST
from insights.safe_log import error_location

logger = logging.getLogger(__name__)

EVERY_S = 3600.0
"""Seconds between two runs when nothing is left to remove."""
AGAIN_S = 5.0
"""Seconds between two runs while the last one filled a batch."""
KEEP_JOBS = timedelta(days=30)
KEEP_INTERNAL_JOBS = timedelta(days=7)
MOST_JOBS = 500


@handler("retention", every_s=EVERY_S)
def remove_expired(job: RunningJob) -> None:
    """Remove one batch of expired rows of each kind. A failure is logged, and the other kinds are still removed."""
    now = timezone.now()
    full = _removed(access.forget_sign_ins, now) >= access.MOST_SIGN_INS
    job.check()
    if settings.KEEP_DAYS:
        conversations = _removed(recorder.forget_ended_before, now - timedelta(days=settings.KEEP_DAYS))
        full = full or conversations >= MOST
        if conversations:
            logger.info("removed %d conversations that ended more than %d days ago", conversations, settings.KEEP_DAYS)
    job.check()
    by_accounts = _removed(recorder.forget_by_accounts, now)
    if by_accounts:
        logger.info("removed %d conversations that were older than their accounts keep them", by_accounts)
    job.check()
    binned = _removed(recorder.empty_bin, now - timedelta(days=settings.BIN_DAYS))
    if binned:
        logger.info("removed %d conversations that were in the bin for %d days", binned, settings.BIN_DAYS)
    full = full or max(by_accounts, binned) >= MOST
    job.check()
    if voices := _removed(recorder.forget_kept_voices, now):
        logger.info("removed what described the voices of %d audio sources", voices)
    full = _removed(forget_jobs, now) >= MOST_JOBS or full
    job.again_s = AGAIN_S if full else EVERY_S


def forget_jobs(now: datetime) -> int:
    """Remove jobs that ended long ago, at most MOST_JOBS; return how many were removed."""
    old = Job.objects.filter(finished_at__lt=now - KEEP_INTERNAL_JOBS).order_by("finished_at")
    expired = old.filter(internal=True) | old.filter(finished_at__lt=now - KEEP_JOBS)
    with write_transaction():
        return Job.objects.filter(pk__in=list(expired.values_list("pk", flat=True)[:MOST_JOBS])).delete()[0]


def _removed(forget: Callable[[datetime], int], limit: datetime) -> int:
    """Remove expired rows and return their number; a failure is logged and counts as 0."""
    try:
        return forget(limit)
    except Exception as error:
        logger.warning("expired data could not be removed (%s)", error_location(error))
        return 0
