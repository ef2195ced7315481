"""The history of a conversation: what people changed, newest first, each with Undo for its author."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET

from insights import access, queries
from insights.exports.titles import shown_person
from insights.models import AccessLevel, Change
from insights.portal.conversation import seen_conversation
from insights.portal.signed_in import user_of

MOST = 200
"""Changes that the history shows, the latest."""
_FIELDS = {
    "text": gettext_noop("Reworded an insight"),
    "assignee_name": gettext_noop("Assigned a task"),
    "due_at": gettext_noop("Changed a due date"),
}
_VERDICTS = {
    "accepted": gettext_noop("Accepted an insight"),
    "rejected": gettext_noop("Rejected an insight"),
    "pending": gettext_noop("Reset a verdict"),
}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One change. `before` and `after`: the words that changed, both empty where none did."""

    id: int
    who: str
    at: datetime
    text: str
    before: str
    after: str
    undone: bool
    can_undo: bool


@dataclass(frozen=True, slots=True)
class _Existence:
    """What to say when a row was added, removed or changed."""

    added: str
    removed: str
    changed: str


@require_GET
@login_required
def history(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Return the list as HTML; 404 for the conversation of another user."""
    one = seen_conversation(request, conversation_id)
    changes = queries.changes_of(one).order_by("-id")[:MOST]
    user = user_of(request)
    may_edit = (access.access_of(user, one) or AccessLevel.READ) >= AccessLevel.EDIT
    rows = [_row(change, user.pk, may_edit) for change in changes]
    return render(request, "portal/_history.html", {"rows": rows, "most": MOST})


def _row(change: Change, user_id: int, may_edit: bool) -> HistoryRow:
    text, before, after = described(change)
    undone = hasattr(change, "undone_by")
    return HistoryRow(
        id=change.pk,
        who=_who(change),
        at=change.created_at,
        text=_("Undo: %(change)s") % {"change": text} if change.undoes_id else text,
        before=before,
        after=after,
        undone=undone,
        can_undo=not undone and (change.user_id == user_id or (change.by_profile and may_edit)) and bool(change.after),
    )


def _who(change: Change) -> str:
    if change.by_profile:
        return _("Voice profile")
    return (change.user.get_full_name() or change.user.get_username()) if change.user else _("A former user")


def described(change: Change) -> tuple[str, str, str]:
    """Return what a change did, and the words before and after it."""
    match Change.Kind(change.kind):
        case Change.Kind.CONVERSATION:
            name = _changed(change, "conversation", "name")
            return (_("Renamed the conversation"), *name) if name else (_("Changed the metadata"), "", "")
        case Change.Kind.MEMBER:
            name = _names(change)
            return (_("Renamed a speaker"), *name) if name else (_("Changed the e-mail address of a speaker"), "", "")
        case Change.Kind.MEMBERS_MERGED:
            return _("Merged two speakers"), "", ""
        case Change.Kind.VOICE_NAMED:
            return (_("Named a speaker by the voice"), *(_names(change) or ("", "")))
        case Change.Kind.SPEAKERS:
            return _("Changed who said something"), "", ""
        case Change.Kind.MESSAGE:
            return _message(change)
        case Change.Kind.MESSAGE_SPLIT:
            return _("Split a sentence"), "", ""
        case Change.Kind.MESSAGES_JOINED:
            return _("Joined two sentences"), "", ""
        case Change.Kind.INSIGHT:
            return _insight(change)
        case Change.Kind.INSIGHT_ADDED:
            return _existence(
                change, "insight", "text", _Existence(_("Added an insight"), _("Removed an insight"), _("Changed an insight"))
            )
        case Change.Kind.BOOKMARK:
            return _existence(
                change, "bookmark", "label", _Existence(_("Added a bookmark"), _("Removed a bookmark"), _("Changed a bookmark"))
            )
        case unknown:
            assert_never(unknown)


def _message(change: Change) -> tuple[str, str, str]:
    words = _changed(change, "message", "text")
    if words is None:
        return _("Changed who said a sentence"), "", ""
    sentences = sum(1 for before, after in _rows(change, "message") if before and after)
    text = ngettext("Edited a sentence", "Edited %(number)s sentences", sentences) % {"number": sentences}
    return text, *words


def _insight(change: Change) -> tuple[str, str, str]:
    if review := _changed(change, "insight", "review"):
        return _(_VERDICTS[review[1]]) if review[1] in _VERDICTS else _("Changed a verdict"), "", ""
    if done := _changed(change, "insight", "done_at"):
        return (_("Marked a task as done") if done[1] else _("Reopened a task")), "", ""
    for column, text in _FIELDS.items():
        if words := _changed(change, "insight", column):
            show = _day if column == "due_at" else shown_person
            return _(text), show(words[0]), show(words[1])
    return _("Edited an insight"), "", ""


def _existence(change: Change, table: str, column: str, text: _Existence) -> tuple[str, str, str]:
    """Describe that a row was added, removed or changed."""
    for before, after in _rows(change, table):
        words = str((before or {}).get(column) or ""), str((after or {}).get(column) or "")
        if before is None or after is None:
            return (text.added if before is None else text.removed, *words)
    words = _changed(change, table, column) or ("", "")
    return (text.changed, *words)


def _changed(change: Change, table: str, column: str) -> tuple[str, str] | None:
    """Return the former and the present value of a column in the first row of a table that has another one now."""
    for before, after in _rows(change, table):
        if before and after and before.get(column) != after.get(column):
            return str(before.get(column) or ""), str(after.get(column) or "")
    return None


def _names(change: Change) -> tuple[str, str] | None:
    """Return the former and the present name of the member that was renamed."""
    names = _changed(change, "member", "name")
    return (shown_person(names[0]), shown_person(names[1])) if names else None


def _day(stored: str) -> str:
    """Return the day of a stored time; empty for none."""
    at = parse_datetime(stored)
    return date_format(at, "SHORT_DATE_FORMAT") if at else ""


def _rows(change: Change, table: str) -> Iterator[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    for key, after in change.after.items():
        if key.partition(":")[0] == table:
            yield change.before.get(key), after
