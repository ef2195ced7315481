"""Edits of insights by a person: verdict, text, assignee, due date, done; and insights that a person adds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from insights.database import write_transaction
from insights.insight_kinds import choices, is_registered
from insights.models import Change, Insight, Member
from insights.names import LONGEST_NAME, clean_name
from insights.payloads import StoredEvent
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.edits.member_edits import member_in
from insights.recorder.edits.message_edits import locked_message, wording_of
from insights.recorder.event_log import locked
from insights.recorder.types import RecorderError, UnknownKind, UnknownMessage

_ADDED = [{"key": "source", "value": "person"}]
"""The hints of an insight that a person added."""


@dataclass(frozen=True, slots=True)
class Assignee:
    """To whom an insight is assigned: a member, or a name. Empty: to nobody."""

    member_id: UUID | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightEdit:
    """What to change; None changes nothing. `due_at` counts only with `has_due`, so that a due date can be removed."""

    verdict: str | None = None
    text: str | None = None
    assignee: Assignee | None = None
    due_at: datetime | None = None
    has_due: bool = False
    done: bool | None = None


def review_insight(insight_id: UUID, verdict: str, user_id: int, text: str | None = None) -> list[StoredEvent]:
    """Store a person's verdict on an insight, and a new text if one is given; return the event. See `edit_insight`."""
    return edit_insight(insight_id, user_id, InsightEdit(verdict=verdict, text=text)).events


def edit_insight(insight_id: UUID, user_id: int, wanted: InsightEdit) -> Edited:
    """Change an insight; `original_text` keeps what was found. An unchanged insight is no event.

    Raises UnknownMessage, UnknownMember, and RecorderError for another verdict than accepted, rejected and pending, or an empty text.
    """
    if wanted.verdict is not None and wanted.verdict not in Insight.Review.values:
        raise RecorderError(f"verdict: {wanted.verdict!r} is not one of {', '.join(Insight.Review.values)}")
    wording = None if wanted.text is None else wording_of(wanted.text)
    with write_transaction():
        insight, edit = _locked_insight(insight_id, user_id)
        edit.watch(Insight.objects.filter(id=insight_id))
        if wording is not None and wording != insight.text:
            insight.original_text = insight.original_text or insight.text
            insight.text = wording
        if wanted.verdict is not None and wanted.verdict != insight.review:
            insight.review = wanted.verdict
            reviewed = wanted.verdict != Insight.Review.PENDING
            insight.reviewed_by_id, insight.reviewed_at = (user_id, edit.now) if reviewed else (None, None)
        if wanted.assignee is not None:
            _assign(insight, wanted.assignee)
        if wanted.has_due:
            insight.due_at = wanted.due_at
        if wanted.done is not None and wanted.done != (insight.done_at is not None):
            insight.done_at = edit.now if wanted.done else None
        insight.save()
        return edit.store(Change.Kind.INSIGHT, insight_id)


def add_insight(message_id: UUID, user_id: int, kind: str, wanted: InsightEdit) -> tuple[Insight, Edited]:
    """Add an insight to a message by hand, with confidence 1. Without a text it has that of the message.

    Raises UnknownMessage, UnknownKind, UnknownMember, and RecorderError for an empty text.
    """
    if not is_registered(kind):
        raise UnknownKind(f"type: {kind!r} is no kind of insight; there are {', '.join(name for name, _ in choices())}")
    wording = None if wanted.text is None else wording_of(wanted.text)
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        insight = Insight(conversation=edit.conversation, message=message, type=kind, text=wording or message.text)
        insight.confidence, insight.due_at, insight.hints = 1.0, wanted.due_at, list(_ADDED)
        insight.done_at = edit.now if wanted.done else None
        if wanted.assignee is not None:
            _assign(insight, wanted.assignee)
        edit.watch(Insight.objects.filter(id=insight.id))
        insight.save(force_insert=True)
        return insight, edit.store(Change.Kind.INSIGHT_ADDED, insight.id)


def _locked_insight(insight_id: UUID, user_id: int) -> tuple[Insight, Edit]:
    found = Insight.objects.filter(id=insight_id).values_list("conversation_id", flat=True).first()
    conversation = locked(found) if found is not None else None
    insight = Insight.objects.select_related("message").filter(id=insight_id).first()
    if insight is None or conversation is None:
        raise UnknownMessage(f"insight {insight_id} does not exist")
    return insight, Edit(conversation, user_id)


def _assign(insight: Insight, assignee: Assignee) -> None:
    """Set the assignee: the member with this id, else the one with this name, else only the name."""
    name = clean_name(assignee.name, LONGEST_NAME)
    if assignee.member_id is not None:
        member: Member | None = member_in(insight.conversation, assignee.member_id)
    else:
        called = Member.objects.filter(conversation=insight.conversation, merged_into=None, name=name).order_by("joined_at", "id")
        member = called.first() if name else None
    insight.assignee, insight.assignee_name = member, str(member) if member else name
