"""The rows of stored audio. The files are the business of `streaming`, which stores and removes them."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from insights.database import log_after_commit, write_transaction
from insights.events import AudioRecording
from insights.models import Conversation, LiveSession, Member, StoredAudio
from insights.payloads import member_snapshot
from insights.recorder.event_log import EventLog

logger = logging.getLogger(__name__)

MOST_AUDIO = 50
"""Files that one run of the retention removes at most."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What is known of a file once it is complete: the time of its first sample, its length and its size in bytes."""

    started_at: datetime
    seconds: float
    size: int


def begin_audio(log: EventLog, conversation: Conversation, session_id: UUID, audio_id: UUID, member: Member | None, now: datetime) -> None:
    """Store that the audio of a session is recorded from now on, with its event; again, it changes nothing."""
    values = {"conversation": conversation, "session_id": session_id, "member": member, "started_at": now}
    if StoredAudio.objects.get_or_create(id=audio_id, defaults=values)[1]:
        log.add(AudioRecording(str(conversation.id), str(audio_id), str(session_id), member_snapshot(member)))
        log_after_commit(logger, "conversation %d: the audio of session %s is stored", conversation.id, session_id)


def is_recorded(conversation_id: int) -> bool:
    """Return whether the audio of a session that is connected now is being stored."""
    connected = LiveSession.objects.filter(id=OuterRef("session_id"))
    recording = StoredAudio.objects.filter(conversation_id=conversation_id, state=StoredAudio.State.RECORDING)
    return recording.filter(Exists(connected)).exists()


def store_audio(audio_id: UUID, facts: AudioFacts, name: str) -> bool:
    """Store that a file is complete and in the storage under `name`; return False if the row is gone, as its conversation was deleted."""
    values = {"started_at": facts.started_at, "seconds": facts.seconds, "size": facts.size}
    with write_transaction():
        return bool(StoredAudio.objects.filter(id=audio_id).update(state=StoredAudio.State.STORED, name=name, **values))


def discard_audio(audio_id: UUID) -> None:
    """Remove the row of a session of which no audio came."""
    with write_transaction():
        StoredAudio.objects.filter(id=audio_id, state=StoredAudio.State.RECORDING).delete()


def remove_audio(audio_ids: list[UUID]) -> None:
    """Remove the rows of files; call it before the files are removed."""
    with write_transaction():
        StoredAudio.objects.filter(id__in=audio_ids).delete()


def old_audio(before: datetime) -> QuerySet[StoredAudio]:
    """Return the stored audio of conversations that ended before a time, oldest first; see MOST_AUDIO."""
    old = StoredAudio.objects.filter(conversation__ended_at__lt=before, state=StoredAudio.State.STORED)
    return old.order_by("conversation__ended_at", "id")[:MOST_AUDIO]
