"""Erasing removed speech from the files of stored audio: where a message was deleted or a word redacted for good, they become silent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from insights import jobs, queries, recorder
from insights.hidden_speech import MARGIN_S, removed_speech
from insights.jobs import RunningJob
from insights.models import Conversation, StoredAudio
from insights.stored_audio import AudioUnreachable, Stretch
from streaming.audio.opus_file import silenced
from streaming.recordings import files

KIND = "audio_erasure"
DELAY_S = 2.0
"""Seconds after a deletion; those that follow within them are erased together."""
RECORDING_S = 60.0
"""Seconds after which audio is looked at again that is being recorded: only a complete file is rewritten."""
RETRY_S = (5.0, 60.0, 600.0, 3600.0, *[6 * 3600.0] * 12)
"""Seconds before each further attempt; a storage may be unreachable for days."""


def connect() -> None:
    """Connect to the recorder's signal; call once in each process."""
    recorder.speech_removed.connect(_on_removed, dispatch_uid="streaming.recordings.speech_removed")


def _on_removed(conversation_id: int, **signal: Any) -> None:
    """Store the job in the transaction of the deletion, unless one waits that will find the deletion, too."""
    if queries.has_audio(conversation_id) and not jobs.is_scheduled(KIND, conversation_id):
        _enqueue(conversation_id, DELAY_S)


def _enqueue(conversation_id: int, after_s: float) -> None:
    jobs.enqueue(KIND, None, {}, conversation_id=conversation_id, run_at=timezone.now() + timedelta(seconds=after_s))


@jobs.handler(KIND, internal=True, retry_s=RETRY_S)
def erase(job: RunningJob) -> None:
    """Rewrite the files of a conversation, until nothing was removed meanwhile. Another run finds nothing to change."""
    found = Conversation.everything.filter(erased_at=None)
    conversation = found.filter(id=job.conversation_id).first() if job.conversation_id is not None else None
    if conversation is None:
        return
    removed, former = removed_speech(conversation), None
    while removed != former:
        for audio in queries.audio_of(conversation).filter(state=StoredAudio.State.STORED):
            job.progress(0.5)
            _erase_in(audio, conversation, removed, str(job.id))
        removed, former = removed_speech(conversation), removed
    if queries.has_audio(conversation.id, StoredAudio.State.RECORDING):
        _enqueue(conversation.id, RECORDING_S)


def _erase_in(audio: StoredAudio, conversation: Conversation, removed: list[Stretch], by: str) -> None:
    """Rewrite one file, if it has audio in these stretches (seconds on the clock of the conversation)."""
    offset = (audio.started_at - conversation.started_at).total_seconds()
    stretches = [(start - MARGIN_S - offset, end + MARGIN_S - offset) for start, end in removed]
    stretches = [(start, end) for start, end in stretches if end > 0 and start < audio.seconds]
    if not stretches:
        return
    path = files.path_for_reading(audio)
    if path is None:
        if not queries.audio_exists(audio.id):
            return
        raise AudioUnreachable("a file of the stored audio is not here")
    with open(path, "rb") as file:
        if _has_audio(path, stretches):
            recorder.resize_audio(audio.id, files.replace(audio, silenced(file, stretches), by))


def _has_audio(path: Path, stretches: list[Stretch]) -> bool:
    """Return whether a file is not silent yet in these stretches."""
    with open(path, "rb") as file, open(path, "rb") as former:
        return any(piece != former.read(len(piece)) for piece in silenced(file, stretches))
