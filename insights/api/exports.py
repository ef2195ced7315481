"""Exports: files of several or of long conversations, which a job makes (not part of Symbl's API)."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Router, Schema
from ninja.responses import Status

from insights import jobs, long_responses
from insights.api import auth
from insights.api.errors import ApiError, Done, LimitProblem, Problem, not_found
from insights.exports import ExportFormat
from insights.ids import id_number
from insights.jobs.export_requests import (
    MOST_CONVERSATIONS,
    ExportGone,
    ListedExport,
    TooManyExports,
    UnknownConversations,
    export_of,
    exports_of,
    open_export,
    remove_export,
    request_export,
    still_allowed,
    why_gone,
)
from insights.payloads import iso

router = Router(tags=["Exports"])
UNKNOWN_EXPORT = "The exportId is either invalid or does not exist."
PROBLEMS: dict[int, type[Problem]] = {401: Problem, 404: Problem}
State = Literal["scheduled", "in_progress", "ready", "failed", "removed"]


class NewExport(Schema):
    """What the file has in it: these conversations, each in this format. Several come as a ZIP archive."""

    conversationIds: list[str] = Field(min_length=1, max_length=MOST_CONVERSATIONS)
    format: ExportFormat = ExportFormat.JSON
    notes: bool = Field(False, description="With your private notes. Subtitles have none.")


class ExportAccepted(Schema):
    """The job that makes the file; its id is that of the export, too."""

    exportId: str
    jobId: str


class ExportOut(Schema):
    """An export. `size` (bytes) and `expiresAt` are there while the file can be downloaded; `reason` says why it cannot be."""

    id: str
    state: State
    progress: int = Field(description="Percent.")
    format: str | None = Field(None, description="Without a format: all data of the account, asked for on the page.")
    conversations: int
    size: int | None = None
    expiresAt: str | None = None
    reason: str | None = None
    warnings: list[str]
    createdAt: str


class ExportList(Schema):
    """The exports of the past seven days, newest first."""

    exports: list[ExportOut]


@router.post(
    "/v1/exports",
    response={201: ExportAccepted, 400: Problem, 403: Problem, 429: LimitProblem, **PROBLEMS},
    summary="Export conversations",
)
def create_export(request: HttpRequest, body: NewExport) -> Status[ExportAccepted]:
    """Start a job that makes a file of conversations that you may read. Get its progress with `GET /v1/job/{jobId}`."""
    try:
        job = request_export(auth.caller(request).pk, body.format, set(map(id_number, body.conversationIds)), notes=body.notes)
    except UnknownConversations:
        raise not_found() from None
    except TooManyExports as error:
        raise ApiError(429, str(error)) from None
    return Status(201, ExportAccepted(exportId=str(job.id), jobId=str(job.id)))


@router.get("/v1/exports", response={200: ExportList, **PROBLEMS}, exclude_none=True, summary="List exports")
def list_exports(request: HttpRequest) -> ExportList:
    """Return your exports of the past seven days, newest first."""
    return ExportList(exports=[_form(one) for one in exports_of(auth.caller(request).pk)])


@router.get("/v1/exports/{export_id}", response={200: ExportOut, **PROBLEMS}, exclude_none=True, summary="Get an export")
def get_export(request: HttpRequest, export_id: str) -> ExportOut:
    """Return one of your exports."""
    found = export_of(auth.caller(request).pk, _id(export_id))
    if found is None:
        raise ApiError(404, UNKNOWN_EXPORT)
    return _form(found)


@router.get(
    "/v1/exports/{export_id}/file", response={200: None, 410: Problem, 429: Problem, 503: Problem, **PROBLEMS}, summary="Download an export"
)
def get_export_file(request: HttpRequest, export_id: str) -> HttpResponseBase:
    """Return the file of one of your exports: for 24 hours, and as long as nothing in it was deleted and you may read all of it."""
    account, identity = auth.caller(request).pk, _id(export_id)
    try:
        file = open_export(account, identity)
    except ExportGone as gone:
        raise ApiError(410, str(gone)) from None
    if file is None:
        raise ApiError(404, UNKNOWN_EXPORT)
    headers = {
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Content-Length": str(file.size),
        "Cache-Control": "private, no-store",
    }
    return long_responses.answer(
        request,
        file.pieces,
        account=account,
        exists=lambda: still_allowed(account, identity),
        content_type=file.content_type,
        headers=headers,
    )


@router.delete("/v1/exports/{export_id}", response={200: Done, 403: Problem, **PROBLEMS}, summary="Remove an export")
def delete_export(request: HttpRequest, export_id: str) -> Done:
    """Remove the file of one of your exports now, and cancel its job if it runs."""
    if not remove_export(auth.caller(request).pk, _id(export_id)):
        raise ApiError(404, UNKNOWN_EXPORT)
    return Done(message="The export was removed.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(404, UNKNOWN_EXPORT) from None


def _form(one: ListedExport) -> ExportOut:
    export, job, ready = one.export, one.job, one.ready
    return ExportOut(
        id=str(job.id),
        state=_state(one),
        progress=100 if ready else round(100 * job.progress),  # the file is stored before the job ends
        format=export.format or None,
        conversations=export.conversation_count,
        size=export.size if ready else None,
        expiresAt=iso(export.expires_at) if ready and export.expires_at else None,
        reason=_reason(one),
        warnings=job.warnings,
        createdAt=iso(job.created_at),
    )


def _reason(one: ListedExport) -> str | None:
    """Return why an export that has ended has no file, as far as it is known."""
    if one.ready or not one.job.finished:
        return None
    return one.job.reason or None if one.job.status == jobs.Status.FAILED else why_gone(one)


def _state(one: ListedExport) -> State:
    if one.ready:
        return "ready"
    match one.job.status:
        case jobs.Status.FAILED:
            return "failed"
        case jobs.Status.SCHEDULED:
            return "scheduled"
        case jobs.Status.IN_PROGRESS:
            return "in_progress"
        case _:
            return "removed"
