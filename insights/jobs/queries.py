"""The jobs that an account may see: those that it asked for. And whether workers run."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from insights.models import Job

IMPORTS = ("import_audio", "import_text")
"""Kinds of jobs that fill a conversation."""
RECENT = timedelta(days=7)
"""Age up to which the upload page lists imports."""
OVERDUE = timedelta(minutes=10)
"""Time after which a periodic job that does not run means that there is no worker."""


def jobs_of(user_id: int) -> QuerySet[Job]:
    """Return the jobs of an account, newest first."""
    return Job.objects.filter(owner_id=user_id, internal=False).order_by("-created_at", "-id").defer("parameters")


def recordings_of(user_id: int) -> QuerySet[Job]:
    """Return the recent imports of recordings of an account, newest first, with their conversation, and `url` unless a file was uploaded.

    Imports into conversations that are in the bin are left out.
    """
    recent = jobs_of(user_id).filter(kind="import_audio", created_at__gt=timezone.now() - RECENT, conversation__deleted_at=None)
    return recent.select_related("conversation").annotate(url=KT("parameters__url"))


def importing_among(conversation_ids: Iterable[int]) -> set[int]:
    """Return the ids of those of the conversations into which something is being imported, or waits to be."""
    unfinished = Job.objects.filter(kind__in=IMPORTS, status__in=(Job.Status.SCHEDULED, Job.Status.IN_PROGRESS))
    return set(unfinished.filter(conversation_id__in=list(conversation_ids)).values_list("conversation_id", flat=True))


def failed_imports_among(conversation_ids: Iterable[int]) -> set[int]:
    """Return the ids of those of the conversations into which an import has failed, and was not cancelled."""
    failed = Job.objects.filter(
        kind__in=IMPORTS, status=Job.Status.FAILED, cancel_requested=False, conversation_id__in=list(conversation_ids)
    )
    return set(failed.values_list("conversation_id", flat=True))


def job_of(user_id: int, job_id: str) -> Job | None:
    """Return one job of an account; None for an invalid or unknown id, and for a job of somebody else."""
    try:
        identity = UUID(job_id)
    except ValueError:
        return None
    return jobs_of(user_id).filter(pk=identity).first()


def older_than(jobs: QuerySet[Job], last: Job) -> QuerySet[Job]:
    """Return the jobs that come after this one in a list with the newest first."""
    return jobs.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))


def worker_is_missing() -> bool:
    """Return whether no worker runs: the job that removes old data was never created, or is overdue."""
    return not Job.objects.filter(kind="retention", periodic=True, run_at__gt=timezone.now() - OVERDUE).exists()


def is_scheduled(kind: str, conversation_id: int) -> bool:
    """Return whether a job of a kind waits for a conversation; call in a transaction, in which it then does not begin."""
    waiting = Job.objects.select_for_update().filter(kind=kind, conversation_id=conversation_id, status=Job.Status.SCHEDULED)
    return waiting.first() is not None
