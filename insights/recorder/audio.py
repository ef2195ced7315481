"""The rows of stored audio. `streaming` stores and removes the files."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from insights.database import log_after_commit, write_transaction
from insights.events import AudioRecording
from insights.models import AccountSettings, Conversation, LiveSession, Member, StoredAudio
from insights.payloads import member_snapshot
from insights.recorder.event_log import EventLog, locked
from insights.recorder.signals import announce, audio_removed

logger = logging.getLogger(__name__)

MOST_AUDIO = 50
"""Files that one call of `forget_audio` removes at most."""


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


def begin_imported_audio(conversation_id: int, audio_id: UUID) -> None:
    """Store that the audio of an import is stored from now on, with its event; again, it changes nothing."""
    with write_transaction():
        conversation, now = locked(conversation_id), timezone.now()
        log = EventLog(conversation, now)
        begin_audio(log, conversation, audio_id, audio_id, None, now)
        announce(log.store())


def is_recorded(conversation_id: int) -> bool:
    """Return whether the audio of a session that is connected now is being stored."""
    connected = LiveSession.objects.filter(id=OuterRef("session_id"))
    recording = StoredAudio.objects.filter(conversation_id=conversation_id, state=StoredAudio.State.RECORDING)
    return recording.filter(Exists(connected)).exists()


def store_audio(audio_id: UUID, facts: AudioFacts, name: str) -> bool:
    """Store that a file is complete and in the storage under `name`; return False if the conversation was deleted meanwhile."""
    values = {"started_at": facts.started_at, "seconds": facts.seconds, "size": facts.size}
    with write_transaction():
        kept = StoredAudio.objects.filter(id=audio_id, conversation__erased_at=None)
        return bool(kept.update(state=StoredAudio.State.STORED, name=name, **values))


def resize_audio(audio_id: UUID, size: int) -> None:
    """Store that a file in the storage has so many bytes now."""
    with write_transaction():
        StoredAudio.objects.filter(id=audio_id).update(size=size)


def discard_audio(audio_id: UUID) -> None:
    """Remove the row of a session of which no audio came."""
    with write_transaction():
        StoredAudio.objects.filter(id=audio_id, state=StoredAudio.State.RECORDING).delete()


def remove_audio(audio: Sequence[StoredAudio]) -> None:
    """Remove stored audio: first the files, then the rows, so that an interrupted call can be repeated. Raises what a receiver raises."""
    if not audio:
        return
    audio_removed.send(sender=None, audio=list(audio))
    with write_transaction():
        StoredAudio.objects.filter(id__in=[one.id for one in audio]).delete()


def forget_audio(now: datetime, installation_days: int) -> int:
    """Remove at most MOST_AUDIO files of conversations that ended longer ago than the installation or their account keeps audio.

    Return how many were removed. `installation_days`: 0 for no limit.
    """
    over = Q(conversation__ended_at__lt=now - timedelta(days=installation_days)) if installation_days else Q(pk__in=[])
    for days in AccountSettings.objects.exclude(keep_audio_days=None).order_by().values_list("keep_audio_days", flat=True).distinct():
        account = Q(conversation__owner__account_settings__keep_audio_days=days)
        over |= account & Q(conversation__ended_at__lt=now - timedelta(days=days or 0))
    old = list(StoredAudio.objects.filter(over, state=StoredAudio.State.STORED).order_by("conversation__ended_at", "id")[:MOST_AUDIO])
    remove_audio(old)
    return len(old)
