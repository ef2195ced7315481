"""Give messages of one speaker to another person: one message, all from a message on, or all."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from uuid import UUID

from django.db.models import QuerySet

from insights.models import Member, Message
from insights.names import LONGEST_NAME, clean_name
from insights.recorder.edits.changes import Edited
from insights.recorder.edits.speaker_edits import NamedSpeaker, give
from insights.recorder.types import RecorderError, UnknownMessage


class Scope(StrEnum):
    """Which messages of a speaker."""

    MESSAGE = "message"
    FOLLOWING = "following"
    ALL = "all"


def assign_speaker(message_id: UUID, user_id: int, person: NamedSpeaker, scope: Scope, until: UUID | None = None) -> Edited:
    """Give messages of the speaker of a message to a person: this one, those from it on (to the message `until`, if given), or all.

    A person is found as in `attribute_speakers`; one that is not found becomes a member, and one that was merged with another, but is
    named, becomes a member of their own again. Raises UnknownMessage, also for an `until` of
    another conversation, and RecorderError for a person without id, name and address.
    """
    given = NamedSpeaker(*(clean_name(text, LONGEST_NAME) for text in person))
    if not any(given):
        raise RecorderError("user: id, name or email is needed, with visible characters")
    message = Message.objects.select_related("speaker__member").filter(id=message_id).first()
    if message is None:
        raise UnknownMessage(f"message {message_id} does not exist")
    wanted = dict.fromkeys(_messages(message, scope, until).values_list("id", flat=True), given)
    return give(message.conversation_id, user_id, message_id, wanted, [given], partial(_separate, given))


def _separate(wanted: NamedSpeaker, members: Sequence[Member]) -> None:
    """Make the member with the wanted name one of their own again, if they were merged with another."""
    for member in members:
        if member.merged_into_id is not None and wanted == NamedSpeaker(name=member.name):
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
