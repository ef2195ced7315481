"""List, create, change and delete trackers, entities and groups, and the page of the vocabulary."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from insights import managed, queries
from insights.analysis.managed_trackers import managed_trackers
from insights.exports.titles import local, shown_name
from insights.models import Conversation
from insights.portal.manage.forms import InitialValues, ManagedForm, VocabularyForm
from insights.portal.manage.managed_kinds import GROUPS, TRACKERS, Item, ManagedKind, item_of
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.queries import rsql

PER_PAGE = 50
OF_GROUP = 20
"""Conversations that the page of a group lists."""


@dataclass(frozen=True, slots=True)
class BuiltInTracker:
    """A built-in tracker, and whether one of the account has its name and replaces it."""

    item: Item
    replaced: bool


@dataclass(frozen=True, slots=True)
class GroupedConversation:
    """A conversation in the list of a group. `local_start` is its start in its own time zone."""

    id: int
    name: str
    started_at: datetime
    local_start: datetime


def shown(request: HttpRequest, page: str, kind: ManagedKind | None, context: TemplateContext, status: int = 200) -> HttpResponse:
    """Return a page with the tabs of what an account manages."""
    part = kind.name if kind else "vocabulary"
    return render(request, f"portal/manage/{page}.html", {"part": part, "kind": kind, **context}, status=status)


@require_GET
@login_required
@never_cache
def listing(request: HttpRequest, kind: ManagedKind) -> HttpResponse:
    """List the account's objects of a kind, oldest first, with a confirmation of the last action."""
    page = Paginator(kind.rows(user_of(request).pk), PER_PAGE).get_page(request.GET.get("page", "1"))
    context: TemplateContext = {"page": page, "items": [kind.item(row) for row in page.object_list]}
    if kind is TRACKERS:
        context["built_in"] = _built_in(user_of(request).pk)
    return shown(request, "list", kind, context | {"done": kind.done.get(request.GET.get("done", ""))})


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def new(request: HttpRequest, kind: ManagedKind) -> HttpResponse:
    """Create an object."""
    if request.method == "POST":
        return _saved(request, kind, kind.form(request.POST), "")
    return shown(request, "edit", kind, {"form": kind.form(initial=_template(kind, request.GET.get("from", "")))})


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def edit(request: HttpRequest, kind: ManagedKind, identity: str) -> HttpResponse:
    """Change an object; 404 for one of another account."""
    try:
        row = kind.find(user_of(request).pk, identity)
        if request.method == "POST":
            return _saved(request, kind, kind.form(request.POST), identity)
    except managed.Unknown:
        raise Http404 from None
    context: TemplateContext = {"form": kind.form_of(row), "item": kind.item(row)}
    if kind is GROUPS:
        context["members"] = _conversations(user_of(request).pk, row.criteria)
    return shown(request, "edit", kind, context)


@require_POST
@login_required
def delete(request: HttpRequest, kind: ManagedKind, identity: str) -> HttpResponse:
    """Delete an object; 404 for one of another account."""
    try:
        kind.delete(user_of(request).pk, identity)
    except managed.Unknown:
        raise Http404 from None
    return redirect(f"{kind.address}?done=deleted")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def vocabulary(request: HttpRequest) -> HttpResponse:
    """Show and replace the vocabulary."""
    owner_id = user_of(request).pk
    if request.method != "POST":
        done = _("Vocabulary saved. Conversations that start from now on use it.") if request.GET.get("done") == "saved" else None
        form = VocabularyForm(initial={"vocabulary": managed.vocabulary_of(owner_id)})
        return shown(request, "vocabulary", None, {"form": form, "done": done})
    form = VocabularyForm(request.POST)
    if form.is_valid() and form.save(owner_id):
        return redirect("/settings/vocabulary/?done=saved")
    return shown(request, "vocabulary", None, {"form": form}, 400)


def _saved(request: HttpRequest, kind: ManagedKind, form: ManagedForm, identity: str) -> HttpResponse:
    """Store a form and return to the list, or show it with its errors."""
    owner_id = user_of(request).pk
    if form.is_valid() and form.save(owner_id, identity):
        return redirect(f"{kind.address}?done={'saved' if identity else 'created'}")
    context: TemplateContext = {"form": form}
    if identity:
        context["item"] = kind.item(kind.find(owner_id, identity))
    return shown(request, "edit", kind, context, 400)


def _template(kind: ManagedKind, managed_id: str) -> InitialValues | None:
    """Return the values of the built-in tracker with this id, which the new one replaces."""
    if kind is not TRACKERS:
        return None
    found = next((one for one in managed_trackers() if one.tracker.id == managed_id), None)
    if found is None:
        return None
    one = found.tracker
    return {"name": one.name, "vocabulary": list(one.vocabulary), "description": found.description, "categories": [found.category]}


def _built_in(owner_id: int) -> list[BuiltInTracker]:
    """Return the built-in trackers."""
    own = set(managed.trackers_in(owner_id).values_list("name", flat=True))
    return [
        BuiltInTracker(
            item_of(one.tracker.id, gettext(one.tracker.name), gettext(one.description), one.tracker.vocabulary), one.tracker.name in own
        )
        for one in managed_trackers()
    ]


def _conversations(owner_id: int, criteria: str) -> list[GroupedConversation]:
    """Return the newest conversations of a group."""
    found = queries.conversations_of(owner_id).filter(rsql.condition(rsql.parse(criteria)))
    newest: list[Conversation] = list(found.order_by("-started_at", "-id")[:OF_GROUP])
    return [
        GroupedConversation(
            one.id,
            shown_name(one, [str(member) for member in one.members.all()]),
            one.started_at,
            local(one.started_at, one.timezone_offset),
        )
        for one in newest
    ]
