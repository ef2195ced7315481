"""The home page: what the user has to do, what is open, what is live, and the latest conversations; or how to begin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from insights import queries, recorder
from insights.access import setup_is_open
from insights.exports.titles import local, shown_assignee, shown_name
from insights.insight_kinds import InsightKind, kind_of
from insights.models import Insight
from insights.portal.cards import person_who
from insights.portal.listing import owners_of, rows_of
from insights.portal.parts import message_address
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.portal.upload import drop_context
from insights.portal.weeks import week_of
from insights.recorder import InsightEdit
from insights.task_text import as_task

MOST_TASKS = 30
MOST_QUESTIONS = 10
MOST_FOLLOW_UPS = 10
MOST_RECENT = 5
MOST_LIVE = 10


@dataclass(frozen=True, slots=True)
class Task:
    """A task or question in a list, with the link to its sentence. `overdue`: its due date has passed; `due` is local.

    `owner`: the name of the owner of its conversation; empty for the user's own.
    """

    id: UUID
    text: str
    kind: InsightKind
    assignee: str
    due: datetime | None
    overdue: bool
    done: bool
    editable: bool
    title: str
    href: str
    owner: str

    @classmethod
    def of(cls, one: Insight, now: datetime, *, editable: bool = True, owner: str = "") -> "Task":
        """Return an insight, whose message, conversation and assignee are loaded. `editable`: whether the user may mark it as done."""
        return cls(
            id=one.pk,
            text=as_task(one.text, one.action_phrase, edited=bool(one.original_text)),
            kind=kind_of(one.type),
            assignee=shown_assignee(one),
            due=local(one.due_at, one.conversation.timezone_offset) if one.due_at else None,
            overdue=one.due_at is not None and one.due_at < now,
            done=one.done_at is not None,
            editable=editable,
            title=shown_name(one.conversation, []),
            href=message_address(one.message),
            owner=owner,
        )


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page; while there is no account, redirect to the page that creates the first one."""
    if not request.user.is_authenticated and setup_is_open():
        return redirect("first_account")
    return _home(request)


@login_required
def _home(request: HttpRequest) -> HttpResponse:
    person, now = person_who(request.user), timezone.now()
    shown = queries.conversations_of(person.user_id)
    recent = list(shown[:MOST_RECENT])
    if not recent:
        return render(request, "portal/first_run.html", {"binned": queries.binned_conversations(person.user_id).exists(), **drop_context()})
    everybody = request.GET.get("tasks") == "all"
    start = week_of(now)
    lists = {
        "tasks": queries.open_tasks(person, MOST_TASKS, everybody=everybody),
        "questions": queries.unanswered_questions(person.user_id, now, MOST_QUESTIONS),
        "follow_ups": queries.follow_ups_between(person.user_id, start, start + timedelta(days=7), MOST_FOLLOW_UPS),
    }
    listed = [one.conversation for rows in lists.values() for one in rows]
    editable = queries.editable_among(person.user_id, listed)
    owners = owners_of(listed, person.user_id)
    live = rows_of(list(shown.filter(ended_at=None)[:MOST_LIVE]), person.user_id)
    context: TemplateContext = {
        "everybody": everybody,
        **{
            name: [
                Task.of(one, now, editable=one.conversation_id in editable, owner=owners.get(one.conversation.owner_id, "")) for one in rows
            ]
            for name, rows in lists.items()
        },
        "live": live,
        "importing": any(row.importing for row in live),
        "rows": rows_of(recent, person.user_id),
        **drop_context(),
    }
    return render(request, "portal/home.html", context)


@require_POST
@login_required
def change_task(request: HttpRequest, insight_id: UUID) -> HttpResponse:
    """Mark a task or question of a visible conversation as done, or as open again; htmx gets its line.

    404 for any other, 403 if the user may only read the conversation.
    """
    done = request.POST.get("done") != "no"
    user_id = user_of(request).pk
    found = queries.task_for(user_id, insight_id)
    if found is None:
        raise Http404
    if not queries.editable_among(user_id, [found.conversation]):
        raise PermissionDenied
    try:
        recorder.edit_insight(insight_id, user_id, InsightEdit(done=done))
    except recorder.UnknownMessage:  # another request deleted it
        raise Http404 from None
    if request.headers.get("HX-Request") != "true":
        return redirect("home")
    changed = queries.task_for(user_id, insight_id)
    if changed is None:
        raise Http404
    owner = owners_of([changed.conversation], user_id).get(changed.conversation.owner_id, "")
    return render(request, "portal/_task.html", {"task": Task.of(changed, timezone.now(), owner=owner), "focus": True})
