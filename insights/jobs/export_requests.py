"""Exports as an account sees them: a new one, the list, the file of one, and its removal."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from insights import queries
from insights.database import write_transaction
from insights.exports import files
from insights.exports.documents import CONTENT_TYPES, ExportFormat, file_name
from insights.exports.titles import shown_name
from insights.jobs.enqueue import cancel, enqueue
from insights.jobs.export import KIND
from insights.jobs.export_removal import remove_files_soon
from insights.models import Conversation, Export, ExportedConversation, Job

MOST_CONVERSATIONS = 1000
"""Conversations of one export that name them."""
MOST_READY = 20
"""Files that one account can have at a time."""
RECENT = timedelta(days=7)
"""Age up to which exports are listed."""
MOST_LISTED = 50
ARCHIVE = "application/zip"


class TooManyExports(Exception):
    """The account has as many files as it can have."""

    def __init__(self) -> None:
        super().__init__(f"An account can have at most {MOST_READY} exports at a time. Remove one, or wait until one expires.")


class UnknownConversations(Exception):
    """Conversations that the account does not see, or none at all."""

    def __init__(self, ids: Collection[int]) -> None:
        super().__init__(f"unknown conversations: {', '.join(map(str, sorted(ids)))}" if ids else "at least one conversation is needed")


class ExportGone(Exception):
    """The file of an export cannot be downloaded: not yet, or no longer. The text says why."""


@dataclass(frozen=True, slots=True)
class ListedExport:
    """An export with its job. `title`: of its only conversation, if the account still sees it."""

    export: Export
    job: Job
    title: str = ""

    @property
    def ready(self) -> bool:
        """Whether the file can be downloaded now."""
        return self.export.state == Export.State.READY and self.export.expires_at is not None and self.export.expires_at > timezone.now()


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file that can be downloaded."""

    name: str
    content_type: str
    size: int
    pieces: Iterator[bytes]


def request_export(user_id: int, form: ExportFormat, conversation_ids: Collection[int], *, notes: bool = False) -> Job:
    """Enqueue the export of conversations that the account sees, in one format; several become an archive.

    `notes`: with the private notes of the account, except in subtitles.
    Raises UnknownConversations, TooManyExports and TooManyJobs.
    """
    wanted = set(conversation_ids)
    if not wanted or len(wanted) > MOST_CONVERSATIONS:
        raise UnknownConversations(())
    found = set(queries.visible_to(user_id).filter(pk__in=wanted).values_list("pk", flat=True))
    if found != wanted:
        raise UnknownConversations(wanted - found)
    with write_transaction():
        export = _new(user_id, format=form, notes=notes, count=len(wanted))
        ExportedConversation.objects.bulk_create(
            (ExportedConversation(export=export, conversation_id=one) for one in sorted(wanted)), batch_size=500
        )
    return export.job


def request_account_export(user_id: int) -> Job:
    """Enqueue the export of all data of the account. Raises TooManyExports and TooManyJobs."""
    with write_transaction():
        return _new(user_id, everything=True).job


def _new(user_id: int, *, format: str = "", everything: bool = False, notes: bool = False, count: int = 0) -> Export:
    language = get_language() or settings.LANGUAGE_CODE
    job = enqueue(KIND, user_id, {"language": language})  # locks the account, so that two requests do not both take the last place
    kept = Export.objects.filter(job__owner_id=user_id).exclude(state=Export.State.REMOVED)
    if kept.count() >= MOST_READY:
        raise TooManyExports
    return Export.objects.create(job=job, format=format, everything=everything, notes=notes, conversation_count=count)


def exports_of(user_id: int) -> list[ListedExport]:
    """Return the recent exports of an account, newest first. Three queries."""
    since = timezone.now() - RECENT
    found = Export.objects.filter(job__owner_id=user_id, job__created_at__gt=since).select_related("job")
    exports = list(found.order_by("-job__created_at", "-job__id")[:MOST_LISTED])
    titles = _titles(user_id, [one for one in exports if not one.everything])
    return [ListedExport(one, one.job, titles.get(one.pk, "")) for one in exports]


def export_of(user_id: int, export_id: UUID) -> ListedExport | None:
    """Return one export of an account; None for an unknown id and for one of somebody else."""
    export = Export.objects.filter(pk=export_id, job__owner_id=user_id).select_related("job").first()
    return None if export is None else ListedExport(export, export.job, _titles(user_id, [export]).get(export.pk, ""))


def open_export(user_id: int, export_id: UUID) -> ExportFile | None:
    """Return the file of an export; None for an unknown id and for one of somebody else. Access is checked now, not when it was made.

    Raises ExportGone.
    """
    found = export_of(user_id, export_id)
    if found is None:
        return None
    export = found.export
    if not found.ready:
        raise ExportGone(why_gone(found))
    if not still_allowed(user_id, export_id):
        _remove(export, Export.Removal.ACCESS)
        raise ExportGone(REASONS[Export.Removal.ACCESS])
    pieces = files.pieces(export.file)
    try:
        next(pieces)
    except files.FileMissing:
        raise ExportGone("The file cannot be read at present. Try again later.") from None
    name, content_type = _name_and_type(user_id, export)
    return ExportFile(name, content_type, export.size, pieces)


def still_allowed(user_id: int, export_id: UUID) -> bool:
    """Return whether the file of an export is there and its account still sees all conversations in it."""
    export = Export.objects.filter(pk=export_id, job__owner_id=user_id, state=Export.State.READY).first()
    if export is None or export.expires_at is None or export.expires_at <= timezone.now():
        return False
    return _visible(user_id, export).count() == export.conversation_count


def remove_export(user_id: int, export_id: UUID) -> bool:
    """Remove the file of an export, and cancel its job if it runs; return False for an unknown id and for one of somebody else."""
    found = export_of(user_id, export_id)
    if found is None:
        return False
    cancel(export_id)
    _remove(found.export, Export.Removal.REQUEST)
    return True


REASONS = {
    Export.Removal.EXPIRED.value: "The file has expired. Ask for a new export.",
    Export.Removal.DELETED.value: "The file was removed, because words in it were deleted. Ask for a new export.",
    Export.Removal.ACCESS.value: "The file was removed, because a conversation in it is no longer shared with you.",
    Export.Removal.REQUEST.value: "The file was removed.",
}


def why_gone(one: ListedExport) -> str:
    """Return why the file of an export cannot be downloaded."""
    if one.export.state == Export.State.REQUESTED:
        return "The file is not ready yet."
    if one.export.state == Export.State.READY:
        return REASONS[Export.Removal.EXPIRED]
    return REASONS.get(one.export.removal, "The export failed.")


def _remove(export: Export, removal: Export.Removal) -> None:
    with write_transaction():
        rows = Export.objects.filter(pk=export.pk).exclude(state=Export.State.REMOVED)
        if rows.update(state=Export.State.REMOVED, removal=removal):
            remove_files_soon()


def _visible(user_id: int, export: Export) -> QuerySet[Conversation]:
    exported = ExportedConversation.objects.filter(export=export).values("conversation_id")
    return queries.visible_to(user_id).filter(pk__in=exported)


def _name_and_type(user_id: int, export: Export) -> tuple[str, str]:
    if export.everything:
        return "account-data.zip", ARCHIVE
    if export.conversation_count > 1:
        return "conversations.zip", ARCHIVE
    form = ExportFormat(export.format)
    conversation: Conversation = _visible(user_id, export).get()
    return file_name(conversation, form), CONTENT_TYPES[form]


def _titles(user_id: int, exports: Collection[Export]) -> dict[UUID, str]:
    """Return the titles of the conversations that are alone in their export."""
    rows = ExportedConversation.objects.filter(export__in=exports).order_by().values_list("export_id", "conversation_id")
    conversations: dict[UUID, list[int]] = {}
    for export_id, conversation_id in rows:
        conversations.setdefault(export_id, []).append(conversation_id)
    single = {export_id: ids[0] for export_id, ids in conversations.items() if len(ids) == 1}
    seen = queries.conversations_of(user_id).filter(pk__in=set(single.values()))
    names = {one.pk: shown_name(one, [str(member) for member in one.members.all() if member.merged_into_id is None]) for one in seen}
    return {export_id: names[one] for export_id, one in single.items() if one in names}
