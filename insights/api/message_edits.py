"""Edit messages: the words of several, or words, speaker, begin and end of one; delete one. Not part of Symbl's API."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import EDIT_PROBLEMS, editing
from insights.api.errors import ApiError, Done
from insights.api.messages import MessageOut, message_forms, router
from insights.models import Conversation
from insights.recorder import Edited, UnknownMessage

_ALL = "/v1/conversations/{conversation_id}/messages"
_ROOT = _ALL + "/{message_id}"


class MessageIn(Schema):
    """The fields to change: the words, or the id of the member who said them."""

    model_config = {"extra": "forbid"}

    text: str | None = None
    memberId: UUID | None = None


class WordsIn(Schema):
    """The id of a message, and its new words."""

    model_config = {"extra": "forbid"}

    id: UUID
    text: str


class MessagesIn(Schema):
    """The messages to change, each once."""

    model_config = {"extra": "forbid"}

    messages: list[WordsIn] = Field(min_length=1, max_length=recorder.MOST_EDITED)


class SplitIn(Schema):
    """The offset of the first character of the second message, from 0."""

    model_config = {"extra": "forbid"}

    offset: int


class MessagesEdited(Schema):
    """The messages after the edit, in order. `changeId`: see /changes; without one, nothing was different."""

    messages: list[MessageOut]
    changeId: str | None = None


@router.patch(_ALL, response={200: MessagesEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Edit messages")
def edit_messages(request: HttpRequest, conversation_id: str, body: MessagesIn) -> dict[str, object]:
    """Correct the words of several messages as one change: either all of them or none. The recognised words are kept."""
    conversation = auth.conversation(request, conversation_id)
    texts = {one.id: one.text for one in body.messages}
    if len(texts) < len(body.messages):
        raise ApiError(400, "messages: each id may be named once")
    with editing():
        edited = recorder.edit_texts(conversation.id, texts, auth.caller(request).pk)
    return _answer(conversation, edited, *texts)


@router.patch(_ROOT, response={200: MessagesEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Edit a message")
def edit_message(request: HttpRequest, conversation_id: str, message_id: str, body: MessageIn) -> dict[str, object]:
    """Correct the words of a message, or say which member spoke them. The recognised words are kept."""
    conversation, identity = _message(request, conversation_id, message_id)
    with editing():
        edited = recorder.edit_message(identity, auth.caller(request).pk, text=body.text, member_id=body.memberId)
    return _answer(conversation, edited, identity)


@router.post(_ROOT + "/split", response={200: MessagesEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Split a message")
def split_message(request: HttpRequest, conversation_id: str, message_id: str, body: SplitIn) -> dict[str, object]:
    """Make two messages of one. The second is new; insights and trackers go with their words."""
    conversation, identity = _message(request, conversation_id, message_id)
    with editing():
        second, edited = recorder.split_message(identity, body.offset, auth.caller(request).pk)
    return _answer(conversation, edited, identity, second)


@router.post(
    _ROOT + "/join", response={200: MessagesEdited, **EDIT_PROBLEMS}, by_alias=True, exclude_none=True, summary="Join two messages"
)
def join_message(request: HttpRequest, conversation_id: str, message_id: str) -> dict[str, object]:
    """Append the next message of the same speaker to this one. 409 if there is none within a minute."""
    conversation, identity = _message(request, conversation_id, message_id)
    with editing():
        edited = recorder.join_next(identity, auth.caller(request).pk)
    return _answer(conversation, edited, identity)


@router.delete(_ROOT, response={200: Done, **EDIT_PROBLEMS}, summary="Delete a message")
def delete_message(request: HttpRequest, conversation_id: str, message_id: str) -> Done:
    """Delete a message with its insights, topics, entities and tracker matches for good, in all earlier events and edits too.

    It cannot be undone. The numbers of the events stay.
    """
    conversation, identity = _message(request, conversation_id, message_id)
    with editing():
        recorder.delete_message(conversation.id, identity, auth.caller(request).pk)
    return Done(message="successfully deleted the message")


def _message(request: HttpRequest, conversation_id: str, message_id: str) -> tuple[Conversation, UUID]:
    conversation = auth.conversation(request, conversation_id)
    with editing():
        message = queries.message_of(conversation, message_id)
        if message is None:
            raise UnknownMessage(message_id)
    return conversation, message.pk


def _answer(conversation: Conversation, edited: Edited, *ids: UUID) -> dict[str, object]:
    """Return a MessagesEdited."""
    forms = message_forms(conversation, queries.spoken_with_ids(conversation, ids))
    messages = [form | {"from_": form.pop("from")} for form in forms]
    return {"messages": messages, **({"changeId": str(edited.change_id)} if edited.change_id else {})}
