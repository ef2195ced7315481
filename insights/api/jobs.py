"""Jobs: their status, as Symbl's clients poll it, and our extensions: the list of jobs, and cancelling."""

from datetime import datetime
from typing import Literal, cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from insights import jobs
from insights.api import auth
from insights.api.errors import COMMON_PROBLEMS, ApiError
from insights.models import Job
from insights.payloads import iso

router = Router(tags=["Jobs"])

UNKNOWN_JOB = "The jobId is either invalid or does not exist."
Status = Literal["scheduled", "in_progress", "completed", "failed"]


class JobOut(Schema):
    """A job. `id` and `status` are Symbl's; the rest are extensions. A cancelled job has failed with the reason `cancelled`."""

    id: str
    status: Status
    kind: str
    progress: int = Field(description="Percent.")
    attempts: int = Field(description="How often it began.")
    reason: str | None = Field(None, description="Why it failed; while it is scheduled again, why its last attempt failed.")
    warnings: list[str] = Field(description="What was accepted and not done.")
    conversationId: str | None = None
    createdAt: str
    startedAt: str | None = None
    finishedAt: str | None = None


class JobList(Schema):
    """One page of jobs."""

    jobs: list[JobOut]


class JobPage(Schema):
    """Filters and paging: the newest jobs first."""

    limit: int = Field(20, ge=1, le=1000)
    after: str | None = Field(None, max_length=64, description="The id of the last job that you have.")
    status: Status | None = None
    conversationId: str | None = Field(None, max_length=32, description="Only the jobs of this conversation.")


@router.get("/v1/job/{job_id}", response={200: JobOut, **COMMON_PROBLEMS}, exclude_none=True, summary="Get a job")
def get_job(request: HttpRequest, job_id: str) -> JobOut:
    """Return one of your jobs. One that has not begun is `in_progress` too: Symbl's samples stop waiting at any other word."""
    form = _form(_job(auth.caller(request), job_id))
    return form.model_copy(update={"status": "in_progress"}) if form.status == "scheduled" else form


@router.post("/v1/job/{job_id}/cancel", response={200: JobOut, **COMMON_PROBLEMS}, exclude_none=True, summary="Cancel a job")
def cancel_job(request: HttpRequest, job_id: str) -> JobOut:
    """Cancel one of your jobs. A running one ends within some seconds; one that has ended stays as it is."""
    caller = auth.caller(request)
    jobs.cancel(_job(caller, job_id).id)
    return _form(_job(caller, job_id))


@router.get("/v1/jobs", response={200: JobList, **COMMON_PROBLEMS}, exclude_none=True, summary="List jobs")
def list_jobs(request: HttpRequest, page: Query[JobPage]) -> JobList:
    """Return your jobs, newest first. Jobs that ended more than 30 days ago are removed."""
    caller = auth.caller(request)
    found = jobs.jobs_of(caller.pk)
    if page.after is not None:
        last = jobs.job_of(caller.pk, page.after)
        if last is None:
            raise ApiError(400, "after: is not the id of one of your jobs; give the id of the last one that you have")
        found = jobs.older_than(found, last)
    if page.status is not None:
        found = found.filter(status=page.status)
    if page.conversationId is not None:
        found = found.filter(conversation=auth.conversation(request, page.conversationId))
    return JobList(jobs=[_form(job) for job in found[: page.limit]])


def _job(caller: User, job_id: str) -> Job:
    found = jobs.job_of(caller.pk, job_id)
    if found is None:
        raise ApiError(404, UNKNOWN_JOB)
    return found


def _form(job: Job) -> JobOut:
    return JobOut(
        id=str(job.id),
        status=cast(Status, job.status),
        kind=job.kind,
        progress=round(100 * job.progress),
        attempts=job.attempts,
        reason=job.reason or None,
        warnings=job.warnings,
        conversationId=None if job.conversation_id is None else str(job.conversation_id),
        createdAt=iso(job.created_at),
        startedAt=_iso(job.started_at),
        finishedAt=_iso(job.finished_at),
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
