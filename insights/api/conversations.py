"""The list of conversations, and single conversations."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from pydantic import JsonValue

from insights import long_responses, queries, recorder
from insights.api import auth
from insights.api.editing import EDIT_PROBLEMS, editing
from insights.api.errors import COMMON_PROBLEMS, ApiError, Done
from insights.api.member_json import Person, person_json
from insights.api.paging import of_conversation, responses
from insights.api.times import TimeText
from insights.json_text import Form, nested
from insights.models import AccessLevel, Conversation
from insights.queries import rsql
from insights.queries.plain_rows import utc_text

router = Router(tags=["Conversations"])
_WINDOW = timedelta(days=7)
_SHOWN = {"no": queries.Shown.OWN, "yes": queries.Shown.SHARED, "all": queries.Shown.ALL}
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class ConversationOut(Schema):
    """A conversation. It is live if it has no `endTime`."""

    id: str
    type: str
    name: str
    startTime: str
    endTime: str | None = None
    members: list[Person]
    metadata: dict[str, JsonValue]


class ConversationList(Schema):
    """One page of conversations."""

    conversations: list[ConversationOut]


class Page(Schema):
    """Filters and paging. Default: the conversations of the last seven days, oldest first, at most twenty.

    With a `filter`, the start time is limited by `startTime` and `endTime` only.
    """

    limit: int = Field(20, ge=0, le=65536)
    offset: int = Field(0, ge=0, le=2**31)
    after: str | None = Field(None, max_length=16, description="The id of the last conversation that you have; in place of offset.")
    order: Literal["asc", "desc"] = "asc"
    sort: Literal["conversation.startTime"] = "conversation.startTime"
    startTime: TimeText | None = None
    endTime: TimeText | None = None
    shared: Literal["no", "yes", "all"] = Field(
        "no", description="`no`: your own conversations. `yes`: those that were shared with you. `all`: both. Not part of Symbl's API."
    )
    filter: list[str] = Field(
        [], max_length=10, description=f"RSQL, all of which must be true: at most two comparisons each, without OR. Fields: {rsql.FIELDS}."
    )


@router.get("/v1/conversations", response=responses(ConversationList), exclude_none=True, summary="List conversations")
def list_conversations(request: HttpRequest, page: Query[Page]) -> HttpResponseBase:
    """Return your conversations that began between `startTime` and `endTime` and match every `filter`."""
    return answer_list(request, page)


def answer_list(request: HttpRequest, page: Page, *conditions: Q) -> HttpResponseBase:
    """Return a page of the caller's conversations that fulfil all conditions."""
    account = auth.caller(request).pk
    after = _conversation_after(account, page) if page.after is not None else None
    end = _aware(page.endTime) if page.endTime else None
    start = _aware(page.startTime) if page.startTime else None if any(page.filter) else (end or timezone.now()) - _WINDOW
    seen = queries.conversations_of(account, start=start, end=end, shown=_SHOWN[page.shared])
    found = seen.prefetch_related(None).filter(*_conditions(page.filter), *conditions)
    batches = queries.conversations_in_batches(found, descending=page.order == "desc", after=after, skip=page.offset, most=page.limit)
    return long_responses.answer(request, _pieces(batches), account=account)


@router.get("/v1/conversations/{conversation_id}", response=responses(ConversationOut), exclude_none=True, summary="Get a conversation")
def get_conversation(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """Return one of your conversations."""
    return of_conversation(request, conversation_id, lambda conversation: _pieces(iter([[_values(conversation)]]), "", ""))


def _values(row: Conversation) -> queries.ConversationValues:
    return {
        "id": row.id,
        "type": row.type,
        "name": row.name,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "metadata": row.metadata,
    }


class ConversationIn(Schema):
    """Values to add to the metadata or to replace, null to remove one. `name` is a new title (an extension). Others stay."""

    model_config = {"extra": "forbid"}

    metadata: dict[str, str | None] | None = None
    name: str | None = Field(None, max_length=4096)


class MetadataOut(Schema):
    """The metadata after the change, and the title if that was changed. `changeId`: see /changes."""

    id: str
    metadata: dict[str, JsonValue]
    name: str | None = None
    changeId: str | None = None


@router.put(
    "/v1/conversations/{conversation_id}", response={200: MetadataOut, **EDIT_PROBLEMS}, exclude_none=True, summary="Change a conversation"
)
def put_conversation(request: HttpRequest, conversation_id: str, body: ConversationIn) -> MetadataOut:
    """Change the metadata or the title of one of your conversations. A value has at most 128 characters."""
    if body.metadata is None and body.name is None:
        raise ApiError(400, "metadata: is needed, an object of texts of at most 128 characters; or name, a new title")
    conversation = auth.conversation(request, conversation_id)
    with editing():
        edited = recorder.edit_conversation(conversation.id, auth.caller(request).pk, name=body.name, metadata=body.metadata)
    conversation.refresh_from_db(fields=["name", "metadata"])
    return MetadataOut(
        id=str(conversation.id),
        metadata=conversation.metadata,
        name=conversation.name if body.name is not None else None,
        changeId=str(edited.change_id) if edited.change_id else None,
    )


def _conditions(filters: list[str]) -> list[Q]:
    """Return the conditions of all filters. Raises 400 for one that is not allowed."""
    try:
        found = [rsql.parse(text) for text in filters if text]
        for expression in found:
            rsql.check_list_filter(expression)
    except rsql.RsqlError as error:
        raise ApiError(400, f"filter: {error}") from None
    return [rsql.condition(expression) for expression in found]


@router.delete("/v1/conversations/{conversation_id}", response={200: Done, **COMMON_PROBLEMS}, summary="Delete a conversation")
def delete_conversation(request: HttpRequest, conversation_id: str) -> Done:
    """Delete one of your conversations for good, a live one too: its speakers and subscribers are disconnected."""
    conversation = auth.conversation(request, conversation_id)
    with editing():
        recorder.delete_conversation(conversation.pk, auth.caller(request).pk)
    return Done(message="successfully deleted the conversation")


class RedactionIn(Schema):
    """How to redact stored text."""

    redactionString: str = Field(
        recorder.MASK,
        description="The text in place of personal data: printable, and no personal data itself.",
        json_schema_extra={"minLength": 1, "maxLength": 32},
    )


@router.post("/v1/conversations/{conversation_id}/redact", response={200: Done, **COMMON_PROBLEMS}, summary="Redact stored text")
def redact_conversation(request: HttpRequest, conversation_id: str, body: RedactionIn | None = None) -> Done:
    """Mask personal data in all stored messages, original texts, words, insights and earlier events, for good. Not part of Symbl's API.

    It finds what `config.redaction` of a live conversation finds. What is said afterwards is not redacted.
    """
    conversation = auth.conversation(request, conversation_id, AccessLevel.OWN)
    with editing():
        recorder.redact_conversation(conversation.pk, auth.caller(request).pk, body.redactionString if body else recorder.MASK)
    return Done(message="successfully redacted the conversation")


def _conversation_after(account: int, page: Page) -> Conversation:
    if page.offset:
        raise ApiError(400, "offset: is not allowed together with after; give one of them")
    found = queries.conversation_for(account, page.after or "")
    if found is None:
        raise ApiError(400, "after: is not the id of one of your conversations; give the id of the last one that you have")
    return found


def _pieces(batches: Iterator[list[queries.ConversationValues]], before: str = '{"conversations": [', behind: str = "]}") -> Iterator[str]:
    parts = (one for batch in batches for one in queries.members_in_batches(batch))
    return nested(parts, _form, "members", person_json, before, behind)


def _form(row: queries.ConversationValues) -> Form:
    """Return a ConversationOut without its members."""
    form: dict[str, object] = {"id": str(row["id"]), "type": row["type"], "name": row["name"], "startTime": utc_text(row["started_at"])}
    if row["ended_at"]:
        form["endTime"] = utc_text(row["ended_at"])
    form["metadata"] = row["metadata"]
    return form


def _aware(at: datetime) -> datetime:
    """Return a time with its zone, by default UTC, moved into the range from _EARLIEST to _LATEST so that arithmetic cannot overflow."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(aware, _EARLIEST), _LATEST)
