"""Stored audio of a conversation, and the times of its messages."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from insights.events import Kind, MessageDeleted, parse
from insights.models import Conversation, Deletion, Entity, Event, Message, StoredAudio


def audio_of(conversation: Conversation, session: UUID | None = None) -> QuerySet[StoredAudio]:
    """Return the stored audio of a conversation with its members, in order; `session`: a session id or the id of one file."""
    found = StoredAudio.objects.filter(conversation=conversation).select_related("member__merged_into")
    if session is not None:
        found = found.filter(Q(session_id=session) | Q(id=session))
    return found.order_by("started_at", "id")


def has_audio(conversation_id: int, *states: StoredAudio.State) -> bool:
    """Return whether a conversation has audio, in one of these states if any are given."""
    found = StoredAudio.objects.filter(conversation_id=conversation_id)
    return (found.filter(state__in=states) if states else found).exists()


def audio_exists(audio_id: UUID) -> bool:
    """Return whether the audio was not deleted meanwhile."""
    return StoredAudio.objects.filter(id=audio_id).exists()


def sizes_of_audio(audio_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the bytes of stored audio by its id; what was deleted is left out. One query."""
    found = StoredAudio.objects.filter(id__in=audio_ids, conversation__erased_at=None, state=StoredAudio.State.STORED)
    return dict(found.order_by().values_list("id", "size"))


def was_redacted(conversation: Conversation) -> bool:
    """Return whether stored text of a conversation was redacted."""
    return Deletion.objects.filter(conversation_id=conversation.id, kind=Deletion.Kind.REDACTION).exists()


def masks_in(message_ids: Collection[str | UUID]) -> dict[str, set[str]]:
    """Return the texts that replaced words while they were said: entities without a value, by message. One query."""
    rows = Entity.objects.filter(message_id__in=message_ids, value={}).order_by()
    masks: dict[str, set[str]] = defaultdict(set)
    for message_id, text in rows.values_list("message_id", "text"):
        masks[str(message_id)].add(text)
    return masks


def speech_times(conversation: Conversation, message_id: UUID) -> tuple[float, float] | None:
    """Return start and end of a message in seconds since the start of its conversation; None for an unknown one."""
    times = Message.objects.filter(conversation=conversation, id=message_id).values_list("started_at", "ended_at").first()
    if times is None:
        return None
    start, end = ((at - conversation.started_at).total_seconds() for at in times)
    return start, end


def deleted_speech(conversation: Conversation) -> list[tuple[float, float]]:
    """Return start and end of what a person deleted, in seconds from the start of the conversation.

    A message that an edit removed, as one that was joined to another, has no number in its event: what was said is in another message.
    """
    rows = Event.objects.filter(conversation=conversation, kind=Kind.MESSAGE_DELETED).values_list("payload", flat=True)
    found = []
    for event in (parse(Kind.MESSAGE_DELETED, payload) for payload in rows):
        if isinstance(event, MessageDeleted) and event.message.number:
            for part in event.parts or ((event.message.start_time, event.message.end_time),):
                start, end = ((datetime.fromisoformat(text) - conversation.started_at).total_seconds() for text in part)
                found.append((start, end))
    return found
