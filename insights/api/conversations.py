"""The list of conversations, and one of them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from insights import queries
from insights.api import auth
from insights.api.errors import ApiError
from insights.api.people import Person, person
from insights.models import Conversation
from insights.payloads import iso

router = Router(tags=["Conversations"])
_WINDOW = timedelta(days=7)
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class ConversationOut(Schema):
    """A conversation; without `endTime` it is going on."""

    id: str
    type: str
    name: str
    startTime: str
    endTime: str | None = None
    members: list[Person]
    metadata: dict[str, Any]


class ConversationList(Schema):
    """One page of conversations."""

    conversations: list[ConversationOut]


class Page(Schema):
    """Which conversations: by default those that began in the last seven days, oldest first, twenty of them."""

    limit: int = Field(20, ge=0, le=65536)
    offset: int = Field(0, ge=0, le=2**31)
    order: Literal["asc", "desc"] = "asc"
    sort: Literal["conversation.startTime"] = "conversation.startTime"
    startTime: datetime | None = None
    endTime: datetime | None = None
    filter: str | None = Field(None, description="Not supported; refused.")


@router.get("/v1/conversations", response=ConversationList, exclude_none=True, summary="List your conversations")
def list_conversations(request: HttpRequest, page: Query[Page]) -> ConversationList:
    """Answer the caller's conversations that began between startTime and endTime."""
    if page.filter:
        raise ApiError(400, "filter: is not supported; use startTime, endTime, limit, offset and order")
    end = _aware(page.endTime) if page.endTime else None
    start = _aware(page.startTime) if page.startTime else (end or timezone.now()) - _WINDOW
    found = queries.conversations_of(auth.caller(request).pk, start=start, end=end)
    sign = "-" if page.order == "desc" else ""
    rows = found.order_by(f"{sign}started_at", f"{sign}id")[page.offset : page.offset + page.limit]
    return ConversationList(conversations=[_out(row) for row in rows])


@router.get("/v1/conversations/{conversation_id}", response=ConversationOut, exclude_none=True, summary="Read one conversation")
def get_conversation(request: HttpRequest, conversation_id: str) -> ConversationOut:
    """Answer one conversation of the caller's."""
    return _out(auth.conversation(request, conversation_id))


def _out(row: Conversation) -> ConversationOut:
    return ConversationOut(
        id=str(row.id),
        type=row.type,
        name=row.name,
        startTime=iso(row.started_at),
        endTime=iso(row.ended_at) if row.ended_at else None,
        members=[person(member) for member in row.members.all()],
        metadata=row.metadata,
    )


def _aware(at: datetime) -> datetime:
    """A time without a zone is meant in UTC; one at the ends of the calendar, with which nobody can reckon, moves inwards."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(aware, _EARLIEST), _LATEST)
