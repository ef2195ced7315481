"""Removal of the files of stored audio: with their conversation, with the person who spoke, and when their time is over."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from insights import jobs, recorder
from insights.jobs import RunningJob
from insights.models import StoredAudio
from insights.recorder.audio import MOST_AUDIO
from streaming.recordings import files

EVERY_S = 3600.0
AGAIN_S = 5.0
"""Seconds between two runs while the last one filled a batch."""


def connect() -> None:
    """Connect to the recorder's signals; call once in each process."""
    recorder.conversation_deleted.connect(_on_deleted, dispatch_uid="streaming.recordings.conversation_deleted")
    recorder.audio_removed.connect(_on_removed, dispatch_uid="streaming.recordings.audio_removed")


@jobs.handler("audio_retention", every_s=EVERY_S)
def remove_expired(job: RunningJob) -> None:
    """Remove one batch of files whose time is over."""
    removed = recorder.forget_audio(timezone.now(), settings.KEEP_AUDIO_DAYS)
    job.again_s = AGAIN_S if removed >= MOST_AUDIO else EVERY_S


def _on_deleted(conversation_id: int, **signal: Any) -> None:
    files.remove_all_of(conversation_id)


def _on_removed(audio: Sequence[StoredAudio], **signal: Any) -> None:
    for one in audio:
        files.remove_one(one)
