"""Change members of a conversation: rename, merge, and tell who spoke when."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import EDIT_PROBLEMS, UNKNOWN_MEMBER, EditOut, editing
from insights.api.errors import ApiError, Done
from insights.models import Conversation, Member
from insights.recorder import NamedSpeaker, SpeakerEvent, UnknownMessage

router = Router(tags=["Members"])
_ROOT = "/v1/conversations/{conversation_id}"
_EVERYWHERE = "The update should be reflected in all messages and insights along with this conversation."
MOST_EVENTS = 20_000


class MemberIn(Schema):
    """The new name, and the new e-mail address if there is one. `id`, if given, must be that of the path."""

    id: str | None = None
    name: str | None = Field(None, max_length=4096)
    email: str | None = Field(None, max_length=4096)


class MergeIn(Schema):
    """`into`: the id of the member that remains."""

    model_config = {"extra": "forbid"}

    into: str


class SpeakerUser(Schema):
    """Who spoke: at least one of the three."""

    id: str | None = Field(None, max_length=4096)
    name: str | None = Field(None, max_length=4096)
    email: str | None = Field(None, max_length=4096)


class Offset(Schema):
    """A time from the start of the conversation: seconds plus nanoseconds, which may be more than a second."""

    seconds: float = Field(0, ge=0, le=1e9, allow_inf_nan=False)
    nanos: float = Field(0, ge=0, le=1e18, allow_inf_nan=False)


class SpeakerEventIn(Schema):
    """Somebody began or ended to speak."""

    type: Literal["started_speaking", "stopped_speaking"]
    user: SpeakerUser
    offset: Offset


class SpeakerEvents(Schema):
    """Speaker events in any order."""

    speakerEvents: list[SpeakerEventIn] = Field(min_length=1, max_length=MOST_EVENTS)


@router.put(_ROOT + "/members/{member_id}", response={200: EditOut, **EDIT_PROBLEMS}, exclude_none=True, summary="Change a member")
def put_member(request: HttpRequest, conversation_id: str, member_id: str, body: MemberIn) -> EditOut:
    """Change name and e-mail address of a member in all messages and insights."""
    if body.name is None and body.email is None:
        raise ApiError(400, "name: is needed, or email")
    if body.id is not None and body.id != member_id:
        raise ApiError(400, "id: must be the id in the path")
    conversation, member = _member(request, conversation_id, member_id)
    with editing():
        edited = recorder.edit_member(conversation.id, member.id, auth.caller(request).pk, name=body.name, email=body.email)
    text = f"Member with id: {member.id} for conversationId: {conversation.id} updated successfully! {_EVERYWHERE}"
    return EditOut.of(text, edited)


@router.post(_ROOT + "/members/{member_id}/merge", response={200: EditOut, **EDIT_PROBLEMS}, exclude_none=True, summary="Merge two members")
def merge_member(request: HttpRequest, conversation_id: str, member_id: str, body: MergeIn) -> EditOut:
    """Make one member of two who are the same person: all that this one said becomes the other one's."""
    conversation, member = _member(request, conversation_id, member_id)
    into = queries.member_of(conversation, body.into)
    if into is None:
        raise ApiError(400, "into: is not the id of a member of this conversation")
    with editing():
        edited = recorder.merge_members(conversation.id, member.id, into.id, auth.caller(request).pk)
    return EditOut.of(f"Member with id: {member.id} was merged into {into.id}. {_EVERYWHERE}", edited)


@router.put(_ROOT + "/speakers", response={200: EditOut, **EDIT_PROBLEMS}, exclude_none=True, summary="Tell who spoke when")
def put_speakers(request: HttpRequest, conversation_id: str, body: SpeakerEvents) -> EditOut:
    """Give each message to the member who spoke longest during it. Unknown people become members."""
    conversation = auth.conversation(request, conversation_id)
    events = [
        SpeakerEvent(one.type == "started_speaking", _person(one.user), one.offset.seconds + one.offset.nanos / 1e9)
        for one in body.speakerEvents
    ]
    with editing():
        edited = recorder.attribute_speakers(conversation.id, events, auth.caller(request).pk)
    return EditOut.of(f"Speaker events associated for conversationId: {conversation.id} successfully! {_EVERYWHERE}", edited)


class AssignIn(Schema):
    """Who said it, and which messages of its present speaker change: only this one, those from it on, or all.

    `until`: the id of the last message that changes.
    """

    model_config = {"extra": "forbid"}

    user: SpeakerUser
    scope: Literal["message", "following", "all"] = "message"
    until: UUID | None = None


@router.post(
    _ROOT + "/messages/{message_id}/speaker", response={200: EditOut, **EDIT_PROBLEMS}, exclude_none=True, summary="Change who said it"
)
def assign_speaker(request: HttpRequest, conversation_id: str, message_id: str, body: AssignIn) -> EditOut:
    """Give messages of one speaker to another person. An unknown person becomes a member."""
    conversation = auth.conversation(request, conversation_id)
    with editing():
        message = queries.message_of(conversation, message_id)
        if message is None:
            raise UnknownMessage(message_id)
        scope = recorder.Scope(body.scope)
        edited = recorder.assign_speaker(message.pk, auth.caller(request).pk, _person(body.user), scope, body.until)
    return EditOut.of(f"Speaker of messages of conversationId: {conversation.id} changed.", edited)


@router.delete(_ROOT + "/members/{member_id}", response={200: Done, **EDIT_PROBLEMS}, summary="Delete a member's words")
def delete_member(request: HttpRequest, conversation_id: str, member_id: str) -> Done:
    """Delete all messages of a member for good, and the member's name and address in the conversation. It cannot be undone."""
    conversation, member = _member(request, conversation_id, member_id)
    with editing():
        count = recorder.delete_words_of(conversation.id, member.id, auth.caller(request).pk)
    return Done(message=f"successfully deleted the member and {count} message{'' if count == 1 else 's'}")


def _person(user: SpeakerUser) -> NamedSpeaker:
    return NamedSpeaker(user.id or "", user.name or "", user.email or "")


def _member(request: HttpRequest, conversation_id: str, member_id: str) -> tuple[Conversation, Member]:
    conversation = auth.conversation(request, conversation_id)
    member = queries.member_of(conversation, member_id)
    if member is None:
        raise ApiError(404, UNKNOWN_MEMBER)
    return conversation, member
