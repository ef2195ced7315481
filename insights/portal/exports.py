"""The page of exports: files of conversations that jobs make, with their progress, and all data of the account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from insights import exports, jobs, queries
from insights.exports import ExportFormat
from insights.exports.titles import shown_name
from insights.ids import id_number
from insights.jobs.export_requests import (
    ExportGone,
    ListedExport,
    TooManyExports,
    UnknownConversations,
    exports_of,
    open_export,
    remove_export,
    request_account_export,
    request_export,
    still_allowed,
)
from insights.models import Export
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.portal.upload import plain_reason, state_of

FORMATS = {
    ExportFormat.MINUTES: gettext_lazy("Minutes (.md)"),
    ExportFormat.WORD: gettext_lazy("Word (.docx)"),
    ExportFormat.MARKDOWN: gettext_lazy("Markdown (.md)"),
    ExportFormat.TEXT: gettext_lazy("Text (.txt)"),
    ExportFormat.SRT: gettext_lazy("Subtitles (.srt)"),
    ExportFormat.VTT: gettext_lazy("Subtitles (.vtt)"),
    ExportFormat.JSON: gettext_lazy("All data (.json)"),
}
DONE = {
    "requested": gettext_lazy("The export has begun. The file appears here."),
    "removed": gettext_lazy("Export removed."),
}
PROBLEMS = {
    "none": gettext_lazy("Choose at least one conversation."),
    "unknown": gettext_lazy("A conversation was deleted, or is no longer shared with you. Choose again."),
    "jobs": gettext_lazy("Too many jobs of your account are unfinished. Wait until one has ended, or cancel one."),
    "exports": gettext_lazy("You have as many exports as an account can have. Remove one first."),
    "gone": gettext_lazy("This file cannot be downloaded any more. Ask for a new export."),
}


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One export in the list. `state`: waiting, running, cancelling, ready, failed, cancelled or removed."""

    id: UUID
    name: str
    format: str
    state: str
    percent: int
    reason: str
    size: int
    expires_at: datetime | None
    warnings: tuple[str, ...]

    @property
    def unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running", "cancelling")

    @classmethod
    def of(cls, one: ListedExport) -> "ExportRow":
        """Return the row of an export."""
        export, job = one.export, one.job
        state = state_of(job)
        if state == "finished":
            state = "ready" if one.ready else "removed"
        return cls(
            id=job.id,
            name=_name(one),
            format=str(FORMATS[ExportFormat(export.format)]) if export.format else gettext("ZIP archive"),
            state=state,
            percent=round(100 * job.progress),
            reason=_why_removed(export) if state == "removed" else plain_reason(job.reason),
            size=export.size,
            expires_at=export.expires_at,
            warnings=tuple(plain_reason(warning) for warning in job.warnings),
        )


def _name(one: ListedExport) -> str:
    if one.export.everything:
        return gettext("All data of your account")
    count = one.export.conversation_count
    if one.title or count <= 1:
        return one.title or gettext("Conversation")
    return ngettext("%(count)d conversation", "%(count)d conversations", count) % {"count": count}


def _why_removed(export: Export) -> str:
    match export.removal:
        case Export.Removal.DELETED:
            return gettext("Removed, because words in it were deleted.")
        case Export.Removal.ACCESS:
            return gettext("Removed, because a conversation in it is no longer shared with you.")
        case Export.Removal.REQUEST:
            return gettext("Removed.")
        case _:
            return gettext("Expired.")


@require_safe
@login_required
@never_cache
def exports_page(request: HttpRequest) -> HttpResponse:
    """Show the exports. `conversation`, `format` and `notes` in the query: the wanted file is too long to be made at once."""
    user_id = user_of(request).pk
    wanted = queries.conversation_for(user_id, request.GET.get("conversation", ""))
    form = request.GET.get("format", "")
    context = {
        "part": "exports",
        "wanted": wanted,
        "wanted_name": shown_name(wanted, [str(one) for one in queries.members_of(wanted)]) if wanted else "",
        "wanted_format": form if form in set(FORMATS) else ExportFormat.TEXT.value,
        "with_notes": request.GET.get("notes") == "yes",
        "formats": FORMATS.items(),
        "done": DONE.get(request.GET.get("done", "")),
        "problem": PROBLEMS.get(request.GET.get("problem", "")),
    }
    return render(request, "portal/exports.html", context | _list(user_id))


@require_GET
@login_required
@never_cache
def export_list(request: HttpRequest) -> HttpResponse:
    """Return the part of the page with the exports, which htmx fetches while one is unfinished."""
    return render(request, "portal/_exports.html", _list(user_of(request).pk) | {"polled": True})


@require_POST
@login_required
def new_export(request: HttpRequest) -> HttpResponse:
    """Enqueue the export of the chosen conversations, or with `everything` of all data of the account."""
    user_id = user_of(request).pk
    form = request.POST.get("format", "")
    chosen = [number for one in request.POST.getlist("conversation") if (number := id_number(one))]
    try:
        if "everything" in request.POST:
            request_account_export(user_id)
        elif not chosen:
            return redirect("/exports/?problem=none")
        else:
            request_export(
                user_id, ExportFormat(form) if form in set(FORMATS) else ExportFormat.TEXT, chosen, notes=request.POST.get("notes") == "yes"
            )
    except UnknownConversations:
        return redirect("/exports/?problem=unknown")
    except jobs.TooManyJobs:
        return redirect("/exports/?problem=jobs")
    except TooManyExports:
        return redirect("/exports/?problem=exports")
    return redirect("/exports/?done=requested")


@require_safe
@login_required
@never_cache
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """Return the file of one of the user's exports; 404 for any other."""
    user_id = user_of(request).pk
    try:
        file = open_export(user_id, export_id)
    except ExportGone:
        return redirect("/exports/?problem=gone")
    if file is None:
        raise Http404
    return exports.answer(request, file.pieces, file.content_type, file.name, lambda: still_allowed(user_id, export_id), file.size)


@require_POST
@login_required
def remove(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Remove one of the user's exports, or cancel it; 404 for any other."""
    if not remove_export(user_of(request).pk, export_id):
        raise Http404
    return redirect("/exports/?done=removed")


def _list(user_id: int) -> TemplateContext:
    rows = [ExportRow.of(one) for one in exports_of(user_id)]
    unfinished = any(row.unfinished for row in rows)
    return {"exports": rows, "unfinished": unfinished, "no_worker": unfinished and jobs.worker_is_missing()}
