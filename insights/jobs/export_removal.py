"""Removal of the files of exports: when they expire, and when something in them was deleted or is no longer shared with their account.

The rows change in the transaction of the deletion, and from then on the file cannot be downloaded. A job removes the file.
"""

from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from insights import access
from insights.database import write_transaction
from insights.exports import files
from insights.jobs.enqueue import enqueue
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.jobs.signals import status_stored
from insights.models import Export, ExportedConversation, Job
from insights.recorder.signals import conversation_deleted, conversation_hidden, words_removed

KIND = "export_removal"
RETRY_S = (5.0, 60.0, 600.0, 3600.0, *[6 * 3600.0] * 12)
"""Seconds before each further attempt; a storage may be unreachable for days."""
EVERY_S = 60.0
"""Seconds between two looks for files that have expired, or whose account lost access."""
ORPHANS_EVERY = 60
"""The storage is searched for files without a row in one of so many looks."""
MOST = 100
"""Exports that one call takes care of."""
State, Removal = Export.State, Export.Removal

_looks = 0


def connect() -> None:
    """Connect to the signals of the recorder and of jobs; call once in each process."""
    words_removed.connect(_on_removed, dispatch_uid="insights.jobs.export_removal")
    conversation_hidden.connect(_on_hidden, dispatch_uid="insights.jobs.export_removal")
    conversation_deleted.connect(_on_hidden, dispatch_uid="insights.jobs.export_removal")
    status_stored.connect(_on_failed, dispatch_uid="insights.jobs.export_removal")


def remove_files_soon() -> None:
    """Enqueue the removal of the files whose rows say so, unless it waits already; call it in the transaction that changes the rows."""
    waiting = Job.objects.select_for_update().filter(kind=KIND, status=Job.Status.SCHEDULED)
    if waiting.first() is None:
        enqueue(KIND, None, {})


def _on_removed(conversation_id: int, **signal: Any) -> None:
    """Remove the exports of a conversation in the transaction that removes words from it; those that are being made begin again."""
    rows = Export.objects.filter(pk__in=ExportedConversation.objects.filter(conversation_id=conversation_id).values("export_id"))
    rows.filter(state=State.REQUESTED).update(revision=F("revision") + 1)
    _take_away(rows.filter(state=State.READY), Removal.DELETED)


def _on_hidden(conversation_id: int, **signal: Any) -> None:
    with write_transaction():
        _on_removed(conversation_id)


def _on_failed(job: Job, **signal: Any) -> None:
    """Remove what a failed or cancelled job has made."""
    if job.kind == "export" and job.status == Job.Status.FAILED:
        _take_away(Export.objects.filter(pk=job.pk, state=State.REQUESTED), Removal.REQUEST if job.cancel_requested else "")


def _take_away(rows: QuerySet[Export], removal: str) -> None:
    if rows.update(state=State.REMOVED, removal=removal):
        remove_files_soon()


@handler(KIND, internal=True, retry_s=RETRY_S)
def remove_files(job: RunningJob) -> None:
    """Remove the files of all exports whose rows say so."""
    while waiting := list(Export.objects.filter(state=State.REMOVED, has_file=True).values_list("pk", flat=True)[:MOST]):
        for export_id in waiting:
            job.check()
            files.remove_all_of(export_id)
        with write_transaction():
            Export.objects.filter(pk__in=waiting).update(has_file=False, file="")


@handler("export_retention", every_s=EVERY_S)
def remove_expired(job: RunningJob) -> None:
    """Remove the exports that have expired, and those of which the account no longer sees everything."""
    global _looks
    with write_transaction():
        _take_away(Export.objects.filter(state=State.READY, expires_at__lte=timezone.now()), Removal.EXPIRED)
        _take_away(_incomplete(), Removal.DELETED)
        _take_away(Export.objects.filter(state=State.READY, pk__in=_without_access()), Removal.ACCESS)
    job.check()
    if _looks % ORPHANS_EVERY == 0:
        _remove_orphans(job)
    _looks += 1


def _incomplete() -> QuerySet[Export]:
    """Return the exports with a conversation that was deleted or is in the bin, where a crash kept the signal from arriving."""
    ready = Export.objects.filter(state=State.READY)
    fewer = ready.annotate(left=Count("exported")).exclude(left=F("conversation_count")).values("pk")
    hidden = ExportedConversation.objects.filter(export__state=State.READY).exclude(conversation__deleted_at=None).values("export_id")
    return ready.filter(pk__in=fewer) | ready.filter(pk__in=hidden)


def _without_access() -> set[Any]:
    """Return the exports with a conversation that is no longer shared with their account."""
    rows = ExportedConversation.objects.filter(export__state=State.READY).exclude(conversation__owner_id=F("export__job__owner_id"))
    found = [
        (export, access.Place(user, one))
        for export, user, one in rows.values_list("export_id", "export__job__owner_id", "conversation_id")
        if user
    ]
    levels = access.levels_at({place for _, place in found})
    return {export for export, place in found if place not in levels}


def _remove_orphans(job: RunningJob) -> None:
    """Remove files whose export is no more, as after the deletion of an account."""
    files.remove_abandoned()
    stored = files.stored_exports()
    for at in range(0, len(stored), MOST):
        some = stored[at : at + MOST]
        known = set(Export.objects.filter(pk__in=some, has_file=True).values_list("pk", flat=True))
        for export_id in set(some) - known:
            job.check()
            files.remove_all_of(export_id)
