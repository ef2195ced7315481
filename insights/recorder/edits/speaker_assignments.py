"""Give messages of one speaker to another person: one message, all from a message on, or all."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from insights.database import write_transaction
from insights.models import Change, Member, Message, Speaker
from insights.names import LONGEST_NAME, clean_name
from insights.recorder import speakers
from insights.recorder.edits.changes import Edited
from insights.recorder.edits.message_edits import locked_message
from insights.recorder.edits.speaker_edits import People, Person, Said, move
from insights.recorder.types import RecorderError, UnknownMessage


class Scope(StrEnum):
    """Which messages of a speaker."""

    MESSAGE = "message"
    FOLLOWING = "following"
    ALL = "all"


def assign_speaker(message_id: UUID, user_id: int, person: Person, scope: Scope, until: UUID | None = None) -> Edited:
    """Give messages of the speaker of a message to a person: this one, those from it on (to the message `until`, if given), or all.

    A person is found as in `attribute_speakers`; one that is not found becomes a member, and one that was merged with another, but is
    named, becomes a member of their own again. Raises UnknownMessage, also for an `until` of
    another conversation, and RecorderError for a person without id, name and address.
    """
    wanted = Person(*(clean_name(text, LONGEST_NAME) for text in person))
    if not any(wanted):
        raise RecorderError("user: id, name or email is needed, with visible characters")
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        everybody = Member.objects.filter(conversation=edit.conversation)
        edit.watch(everybody, Speaker.objects.filter(conversation=edit.conversation))
        rows = _messages(message, scope, until).values_list("id", "offset_s", "duration_s", "speaker__member_id")
        said = [Said(*row) for row in rows]
        members = list(everybody)
        _separate(members, wanted)
        member = People(edit, members).member_of(wanted)
        voice = speakers.of_member(edit.conversation, member)
        move(edit, {one: voice for one in said if one.member_id != member.id})
        return edit.store(Change.Kind.SPEAKERS, message_id)


def _separate(members: Sequence[Member], wanted: Person) -> None:
    """Make the member with the wanted name one of their own again, if they were merged with another."""
    for member in members:
        if member.merged_into_id is not None and wanted == Person(name=member.name):
            member.merged_into = None
            member.save(update_fields=["merged_into"])


def _messages(message: Message, scope: Scope, until: UUID | None) -> "QuerySet[Message]":
    found = Message.objects.filter(conversation_id=message.conversation_id).order_by("number")
    same = {"speaker__member": message.member} if message.member else {"speaker": message.speaker}
    match scope:
        case Scope.MESSAGE:
            return found.filter(id=message.id)
        case Scope.FOLLOWING:
            found = found.filter(number__gte=message.number, **same)
        case Scope.ALL:
            found = found.filter(**same)
    if until is not None:
        last = Message.objects.filter(conversation_id=message.conversation_id, id=until).first()
        if last is None:
            raise UnknownMessage(f"message {until} does not exist")
        found = found.filter(number__lte=last.number)
    return found
