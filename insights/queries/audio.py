"""Stored audio of a conversation, and the times of its messages."""

from uuid import UUID

from django.db.models import Q, QuerySet

from insights.models import Conversation, Message, StoredAudio


def audio_of(conversation: Conversation, session: UUID | None = None) -> QuerySet[StoredAudio]:
    """Return the stored audio of a conversation with its members, in order; `session`: a session id or the id of one file."""
    found = StoredAudio.objects.filter(conversation=conversation).select_related("member__merged_into")
    if session is not None:
        found = found.filter(Q(session_id=session) | Q(id=session))
    return found.order_by("started_at", "id")


def speech_times(conversation: Conversation, message_id: UUID) -> tuple[float, float] | None:
    """Return start and end of a message in seconds since the start of its conversation; None for an unknown one."""
    times = Message.objects.filter(conversation=conversation, id=message_id).values_list("started_at", "ended_at").first()
    if times is None:
        return None
    start, end = ((at - conversation.started_at).total_seconds() for at in times)
    return start, end
