"""The job that makes the file of an export: of one conversation, of several in an archive, or of all data of an account."""

from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from insights import queries
from insights.database import release_connection, write_transaction
from insights.exports import archive, files
from insights.exports.account_data import entries_of_account
from insights.exports.documents import ExportFormat, file_name, pieces_of
from insights.jobs.errors import ClaimLost, Failed
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.mail_language import in_language_of
from insights.models import Conversation, Export, ExportedConversation

KIND = "export"
KEPT = timedelta(hours=24)
"""How long the file can be downloaded."""
MOST_TRIES = 5
"""How often an attempt makes the file again because words were deleted meanwhile."""
GONE = "the conversations were deleted, or are no longer shared with you"


class _Outdated(Exception):
    """Words were deleted while the file was made, so that it must not be published."""


@handler(KIND)
def make_export(job: RunningJob) -> None:
    """Make and publish the file, in the language of the request. An attempt begins with nothing of the one before."""
    for _ in range(MOST_TRIES):
        try:
            with in_language_of(str(job.parameters.get("language") or settings.LANGUAGE_CODE)):
                return _make(job)
        except _Outdated:
            job.check()
    raise Failed("words in the conversations were deleted again and again while the file was created; ask again later")


def _make(job: RunningJob) -> None:
    export, left_out = _begin(job)
    if left_out:
        job.warn(f"{left_out} of the conversations were left out: {GONE}")
    files.remove_all_of(job.id)
    with files.unfinished(job.id, job.claim) as file:
        _write(job, export, file)
        file.flush()
        size = file.tell()
        release_connection()
        name = files.store(job.id, job.claim, file)
    try:
        _publish(job, export, name, size)
    except (_Outdated, ClaimLost, Failed):
        files.remove_one(name)
        raise


def _begin(job: RunningJob) -> tuple[Export, int]:
    """Note that there may be a file, and which conversations are in it; return the export, and how many are left out.

    Raises Failed if nothing is left to export.
    """
    owner_id = job.owner_id or 0
    with write_transaction():
        job.confirm()
        export = _locked(job)
        rows = ExportedConversation.objects.filter(export=export)
        if export.everything:
            own = queries.visible_to(owner_id, queries.Shown.OWN)
            missing = own.exclude(pk__in=rows.values("conversation_id"))
            ExportedConversation.objects.bulk_create(
                (ExportedConversation(export=export, conversation_id=one) for one in missing.values_list("pk", flat=True)), batch_size=500
            )
        left_out = rows.exclude(conversation_id__in=queries.visible_to(owner_id).values("pk")).delete()[0]
        count = rows.count()
        if not count and not export.everything:
            raise Failed(GONE)
        export.has_file, export.conversation_count = True, count
        export.save(update_fields=["has_file", "conversation_count"])
        return export, 0 if export.everything else left_out


def _write(job: RunningJob, export: Export, file: BinaryIO) -> None:
    """Write the content of the file, and note the progress by the number of messages."""
    conversations = queries.conversations_of(job.owner_id or 0).filter(
        pk__in=ExportedConversation.objects.filter(export=export).values("conversation_id")
    )
    total = sum(conversations.order_by().values_list("message_count", flat=True))
    done = 0

    def seen(messages: int) -> None:
        nonlocal done
        done += messages
        job.progress(0.99 * min(1.0, done / max(1, total)))

    if export.everything:
        archive.write(file, entries_of_account(job.owner_id or 0, conversations, seen, job.warn), timezone.now())
        return
    form = ExportFormat(export.format)

    def content(conversation: Conversation) -> Iterator[bytes]:
        notes = list(queries.notes_of(conversation, job.owner_id or 0)) if export.notes else []
        return pieces_of(conversation, form, seen, notes)

    if export.conversation_count > 1:
        archive.write(file, (archive.ArchiveFile(file_name(one, form, unique=True), content(one)) for one in conversations), timezone.now())
        return
    for conversation in conversations:
        file.writelines(_checked(job, content(conversation)))


def _checked(job: RunningJob, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        job.check()
        yield piece


def _publish(job: RunningJob, made: Export, name: str, size: int) -> None:
    """Let the file be downloaded. Raises _Outdated if words were deleted, or a conversation, since the job began to read."""
    with write_transaction():
        job.confirm()
        export = _locked(job)
        rows = ExportedConversation.objects.filter(export=export)
        visible = queries.visible_to(job.owner_id or 0).filter(pk__in=rows.values("conversation_id")).count()
        if export.revision != made.revision or not visible == rows.count() == made.conversation_count:
            raise _Outdated
        export.state, export.file, export.size = Export.State.READY, name, size
        export.expires_at = timezone.now() + KEPT
        export.save(update_fields=["state", "file", "size", "expires_at"])


def _locked(job: RunningJob) -> Export:
    """Lock the row of the export. Raises Failed if it was removed meanwhile."""
    export = Export.objects.select_for_update().filter(pk=job.id, state=Export.State.REQUESTED).first()
    if export is None:
        raise Failed("the export was removed")
    return export
