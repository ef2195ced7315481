"""The upload page: recordings as files or at a URL, with the progress of their imports.

The page calls `/v1/process/audio` and `/v1/job/{id}/cancel` with the session and its CSRF token, so uploads have one set of rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from insights import access, jobs, reason_words, spoken_languages
from insights.models import Job
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

MOST_LISTED = 30
LONGEST_SINCE = 10
"""Digits of the seconds from 1970 to 2286."""
UNTITLED = "Recording"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import in the list. `url`: where the recording was, empty for a file that was uploaded. `reason`: why it failed."""

    id: UUID
    name: str
    conversation_id: int | None
    messages: int
    state: str
    percent: int
    reason: str
    url: str
    warnings: tuple[str, ...]

    @property
    def unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running", "cancelling")

    @classmethod
    def of(cls, job: Job) -> "ImportRow":
        """Return the row of a job of `jobs.recordings_of`."""
        name = job.conversation.name if job.conversation and job.conversation.name != str(job.conversation.pk) else ""
        return cls(
            id=job.id,
            name=name or UNTITLED,
            conversation_id=job.conversation_id,
            messages=job.conversation.message_count if job.conversation else 0,
            state=state_of(job),
            percent=round(100 * job.progress),
            reason=plain_reason(job.reason),
            url=getattr(job, "url", None) or "",
            warnings=tuple(plain_reason(warning) for warning in job.warnings),
        )


def plain_reason(reason: str) -> str:
    """Return the reason of a failure as a sentence of the page, without the name of the field that it starts with."""
    name, colon, rest = reason.partition(": ")
    return reason_words.as_sentence(rest if colon and " " not in name else reason)


def state_of(job: Job) -> str:
    """Return the state of a job as pages name it: waiting, running, cancelling, finished, failed or cancelled."""
    if job.status == Job.Status.FAILED:
        return "cancelled" if job.reason == jobs.CANCELLED else "failed"
    if job.status == Job.Status.COMPLETED:
        return "finished"
    if job.cancel_requested:
        return "cancelling"
    return "running" if job.status == Job.Status.IN_PROGRESS else "waiting"


def rows_of(found: Iterable[Job]) -> list[ImportRow]:
    """Return the rows of jobs."""
    return [ImportRow.of(job) for job in found]


@csrf_exempt  # a shared file comes from outside the site; nothing is done with it here
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def upload(request: HttpRequest) -> HttpResponse:
    """Show the page. A POST is a file that a phone shared while the service worker did not run: it must be chosen on the page."""
    if request.method == "POST":
        return redirect("/upload/?shared=lost")
    return _page(request)


@login_required
def _page(request: HttpRequest) -> HttpResponse:
    context = {
        "most_mb": settings.MAX_UPLOAD_MB,
        "languages": spoken_languages.languages(),
        "translates": spoken_languages.has_others(),
        "store_audio": access.settings_of(user_of(request)).store_audio,
        "lost": request.GET.get("shared") == "lost",
    }
    return render(request, "portal/upload.html", context | _imports(request))


@require_GET
@login_required
@never_cache
def imports(request: HttpRequest) -> HttpResponse:
    """Return the part of the page with the imports, which the page fetches while one is unfinished."""
    return render(request, "portal/_imports.html", _imports(request))


def drop_context() -> TemplateContext:
    """Return what a page shows on which files can be dropped: the limit, and the time from which on it lists imports."""
    return {"most_mb": settings.MAX_UPLOAD_MB, "since": int(timezone.now().timestamp())}


def _imports(request: HttpRequest) -> TemplateContext:
    """Return the imports of the user; with `since` (seconds since 1970) in the query only those that began later."""
    found = jobs.recordings_of(user_of(request).pk)
    since = request.GET.get("since", "")
    if since.isdecimal() and len(since) <= LONGEST_SINCE:
        found = found.filter(created_at__gte=datetime.fromtimestamp(int(since), UTC))
    rows = rows_of(found[:MOST_LISTED])
    unfinished = any(row.unfinished for row in rows)
    return {"imports": rows, "unfinished": unfinished, "no_worker": unfinished and jobs.worker_is_missing()}
