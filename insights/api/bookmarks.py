"""Bookmarks of a conversation and their summaries."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import editing
from insights.api.errors import COMMON_PROBLEMS, ApiError
from insights.api.managing import listed
from insights.api.paging import of_conversation, responses
from insights.api.redaction import Redaction, redactor
from insights.api.shapes import Shape, shape_of
from insights.ids import id_number
from insights.json_text import Form
from insights.models import AccessLevel, Bookmark, Conversation
from insights.payloads import iso
from insights.queries.bookmarks import Marked
from insights.recorder import BookmarkFields, Edited, SpeakerIdentity
from insights.redaction import MASK, Redactor

router = Router(tags=["Bookmarks"])
_ROOT = "/v1/conversations/{conversation_id}/bookmarks"
UNKNOWN = "The bookmarkId is either invalid or does not exist."
MOST_SHOWN = 1000
"""Messages of a stretch of time that one bookmark lists."""


class BookmarkUser(Schema):
    """The person who set the bookmark, as the client calls them."""

    name: str = ""
    userId: str = ""
    email: str = ""


class MessageIdIn(Schema):
    """A message by its id."""

    id: UUID


class MarkedMessage(Schema):
    """A message of the bookmark."""

    id: str
    text: str
    startTime: str
    endTime: str


class BookmarkOut(Schema):
    """A bookmark; times are seconds from the start of the conversation. Those of a bookmark with messages enclose its messages.

    `changeId`, in the answer to an edit that changed something, is the id with which it can be undone.
    """

    id: str
    label: str
    description: str
    user: BookmarkUser
    beginTimeOffset: int | float
    duration: int | float
    messageRefs: list[MarkedMessage]
    changeId: str | None = None


class BookmarkList(Schema):
    """The bookmarks, oldest first."""

    bookmarks: list[BookmarkOut]


class BookmarkIn(Schema):
    """A bookmark to set: either `beginTimeOffset` and `duration` in seconds, or `messageRefs`."""

    label: str
    description: str = ""
    user: BookmarkUser | None = None
    beginTimeOffset: float | None = None
    duration: float | None = None
    messageRefs: list[MessageIdIn] | None = None


class BookmarkChange(Schema):
    """The fields to replace; the others stay. `messageRefs` replace begin and duration, and the reverse."""

    label: str | None = None
    description: str | None = None
    user: BookmarkUser | None = None
    beginTimeOffset: float | None = None
    duration: float | None = None
    messageRefs: list[MessageIdIn] | None = None


class DeletedBookmark(Schema):
    """The answer to a deletion."""

    id: str
    type: str = "bookmark"
    deleted: bool = True
    changeId: str


class Reference(Schema):
    """An id."""

    id: str


class BookmarkSentence(Schema):
    """One sentence of the summary of a bookmark."""

    id: str
    text: str
    messageRefs: list[Reference]
    startTime: str
    endTime: str
    bookmarkReference: Reference


class BookmarkSummary(Schema):
    """The summary of a bookmark, in the order of speech; empty if no message is suitable."""

    summary: list[BookmarkSentence]


class BookmarkSummaryOf(Schema):
    """The summary of one bookmark of several."""

    bookmarkId: str
    summary: list[BookmarkSentence]


class BookmarkSummaries(Schema):
    """The summaries of all bookmarks."""

    bookmarksSummary: list[BookmarkSummaryOf]


@router.get(_ROOT, response=responses(BookmarkList), summary="List bookmarks")
def list_bookmarks(request: HttpRequest, conversation_id: str, redaction: Query[Redaction]) -> HttpResponseBase:
    """Return the bookmarks, oldest first."""
    return of_conversation(request, conversation_id, lambda conversation: _pieces(conversation, redaction))


@router.post(_ROOT, response={200: BookmarkOut, **COMMON_PROBLEMS}, exclude_none=True, summary="Set a bookmark")
def create_bookmark(request: HttpRequest, conversation_id: str, body: BookmarkIn) -> BookmarkOut:
    """Bookmark a stretch of time or some messages."""
    conversation, user = auth.conversation(request, conversation_id), auth.caller(request)
    by = _identity(body.user) if body.user else SpeakerIdentity(user.get_username(), user.get_full_name(), user.email)
    fields = _placed(BookmarkFields(body.label, body.description, by), body)
    with editing(UNKNOWN):
        row, edited = recorder.add_bookmark(conversation.pk, fields, user.pk)
    return _shown(conversation, row, edited)


@router.get(
    _ROOT + "/{bookmark_id}", response={200: BookmarkOut | BookmarkList, **COMMON_PROBLEMS}, exclude_none=True, summary="Get a bookmark"
)
def read_bookmark(
    request: HttpRequest, conversation_id: str, bookmark_id: str, redaction: Query[Redaction], shape: Shape | None = None
) -> BookmarkOut | BookmarkList:
    """Return one bookmark. The Go SDK gets it in a list."""
    conversation = auth.conversation(request, conversation_id)
    bookmark = _bookmark(conversation, bookmark_id)
    messages = queries.marked_messages(conversation, [bookmark])
    hidden = _hidden(conversation, messages.values(), redaction)
    shown = BookmarkOut.model_validate(_form(hidden.bookmark(bookmark), hidden.messages(messages[bookmark.id])))
    return BookmarkList(bookmarks=[shown]) if shape_of(request, shape) is Shape.GO else shown


@router.put(_ROOT + "/{bookmark_id}", response={200: BookmarkOut, **COMMON_PROBLEMS}, exclude_none=True, summary="Change a bookmark")
def change_bookmark(request: HttpRequest, conversation_id: str, bookmark_id: str, body: BookmarkChange) -> BookmarkOut:
    """Replace the given fields of a bookmark."""
    conversation = auth.conversation(request, conversation_id)

    def change(before: BookmarkFields) -> BookmarkFields:
        label = before.label if body.label is None else body.label
        description = before.description if body.description is None else body.description
        user = before.user if body.user is None else _identity(body.user)
        return _placed(replace(before, label=label, description=description, user=user), body)

    with editing(UNKNOWN):
        row, edited = recorder.change_bookmark(conversation.pk, id_number(bookmark_id), change, auth.caller(request).pk)
    return _shown(conversation, row, edited)


@router.delete(_ROOT + "/{bookmark_id}", response={200: DeletedBookmark, **COMMON_PROBLEMS}, summary="Delete a bookmark")
def delete_bookmark(request: HttpRequest, conversation_id: str, bookmark_id: str) -> DeletedBookmark:
    """Delete a bookmark; its messages stay."""
    conversation = auth.conversation(request, conversation_id, AccessLevel.EDIT)
    with editing(UNKNOWN):
        edited = recorder.delete_bookmark(conversation.pk, id_number(bookmark_id), auth.caller(request).pk)
    return DeletedBookmark(id=bookmark_id, changeId=str(edited.change_id))


@router.get(_ROOT + "/{bookmark_id}/summary", response={200: BookmarkSummary, **COMMON_PROBLEMS}, summary="Get the summary of a bookmark")
def read_bookmark_summary(request: HttpRequest, conversation_id: str, bookmark_id: str, redaction: Query[Redaction]) -> BookmarkSummary:
    """Return at most five messages that summarise the bookmark."""
    conversation = auth.conversation(request, conversation_id)
    ((bookmark, chosen),) = queries.summaries(conversation, [_bookmark(conversation, bookmark_id)])
    shown = _hidden(conversation, [chosen], redaction).messages(chosen)
    return BookmarkSummary(summary=[BookmarkSentence.model_validate(one) for one in _sentences(bookmark, shown)])


@router.get(
    "/v1/conversations/{conversation_id}/bookmarks-summary",
    response=responses(BookmarkSummaries),
    summary="Get the summaries of all bookmarks",
)
def list_bookmark_summaries(request: HttpRequest, conversation_id: str, redaction: Query[Redaction]) -> HttpResponseBase:
    """Return the summary of each bookmark, oldest bookmark first."""
    return of_conversation(request, conversation_id, lambda conversation: _summary_pieces(conversation, redaction))


def _pieces(conversation: Conversation, redaction: Redaction) -> Iterator[str]:
    bookmarks = queries.bookmarks_of(conversation)
    marked = queries.marked_messages(conversation, bookmarks)
    hidden = _hidden(conversation, marked.values(), redaction)
    return listed("bookmarks", ([_form(hidden.bookmark(one), hidden.messages(marked[one.id]))] for one in bookmarks))


def _summary_pieces(conversation: Conversation, redaction: Redaction) -> Iterator[str]:
    found = list(queries.summaries(conversation, queries.bookmarks_of(conversation)))
    hidden = _hidden(conversation, [chosen for _, chosen in found], redaction)
    forms = ({"bookmarkId": str(one.id), "summary": _sentences(one, hidden.messages(chosen))} for one, chosen in found)
    return listed("bookmarksSummary", ([form] for form in forms))


@dataclass(frozen=True, slots=True)
class _Hidden:
    """What is shown of bookmarks and of their messages; without a redactor everything is."""

    conversation: Conversation
    redactor: Redactor | None
    texts: Mapping[str, str]

    def messages(self, messages: Sequence[Marked]) -> Sequence[Marked]:
        """Return the messages without what is hidden."""
        return messages if self.redactor is None else [replace(one, text=self.texts.get(str(one.id), MASK)) for one in messages]

    def bookmark(self, bookmark: Bookmark) -> Bookmark:
        """Return the bookmark with label and description without what is hidden; it is not to be saved."""
        if self.redactor is not None:
            at = self.conversation.started_at
            bookmark.label = self.redactor.text(bookmark.label, at).shown
            bookmark.description = self.redactor.text(bookmark.description, at).shown
        return bookmark


def _hidden(conversation: Conversation, marked: Iterable[Sequence[Marked]], redaction: Redaction) -> _Hidden:
    found = redactor(conversation, redaction)
    if found is None:
        return _Hidden(conversation, None, {})
    spoken = queries.spoken_with_ids(conversation, {one.id for messages in marked for one in messages})
    return _Hidden(conversation, found, {message.id: rest.text for message, rest in found.messages(spoken)})


def _placed(fields: BookmarkFields, body: BookmarkIn | BookmarkChange) -> BookmarkFields:
    """Return the fields with the place of a body, if it has one. A body with both kinds of places is refused by the recorder."""
    begin, duration, references = body.beginTimeOffset, body.duration, body.messageRefs or None
    if references is not None:
        ids = tuple(one.id for one in references)
        return replace(fields, begin_s=begin or None, duration_s=duration or None, message_ids=ids)
    if begin is None and duration is None:
        return fields
    return replace(
        fields,
        begin_s=fields.begin_s or 0.0 if begin is None else begin,  # Symbl's Go SDK leaves out a zero
        duration_s=fields.duration_s or 0.0 if duration is None else duration,
        message_ids=(),
    )


def _identity(user: BookmarkUser) -> SpeakerIdentity:
    return SpeakerIdentity(user.userId, user.name, user.email)


def _bookmark(conversation: Conversation, bookmark_id: str) -> Bookmark:
    found = queries.bookmark_of(conversation, id_number(bookmark_id))
    if found is None:
        raise ApiError(404, UNKNOWN)
    return found


def _shown(conversation: Conversation, bookmark: Bookmark, edited: Edited | None = None) -> BookmarkOut:
    change = str(edited.change_id) if edited is not None and edited.change_id is not None else None
    form = _form(bookmark, queries.marked_messages(conversation, [bookmark])[bookmark.id])
    return BookmarkOut.model_validate({**form, "changeId": change})


def _form(bookmark: Bookmark, messages: Sequence[Marked]) -> Form:
    """Return a BookmarkOut. Whole numbers are integers, as Symbl's Go SDK reads nothing else."""
    begin, duration = bookmark.begin_s, bookmark.duration_s
    if begin is None or duration is None:
        begin = float(math.floor(min((one.offset_s for one in messages), default=0.0)))
        duration = math.ceil(max((one.offset_s + one.duration_s for one in messages), default=begin)) - begin
    return {
        "id": str(bookmark.id),
        "label": bookmark.label,
        "description": bookmark.description,
        "user": {"name": bookmark.user_name, "userId": bookmark.user_id, "email": bookmark.user_email},
        "beginTimeOffset": int(begin) if begin == int(begin) else begin,
        "duration": int(duration) if duration == int(duration) else duration,
        "messageRefs": [
            {"id": str(one.id), "text": one.text, "startTime": iso(one.started_at), "endTime": iso(one.ended_at)}
            for one in messages[:MOST_SHOWN]
        ],
    }


def _sentences(bookmark: Bookmark, chosen: Sequence[Marked]) -> list[Form]:
    """Return a list of BookmarkSentence."""
    return [
        {
            "id": str(one.id),
            "text": one.text,
            "messageRefs": [{"id": str(one.id)}],
            "startTime": iso(one.started_at),
            "endTime": iso(one.ended_at),
            "bookmarkReference": {"id": str(bookmark.id)},
        }
        for one in chosen
    ]
