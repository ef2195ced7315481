"""Private notes: write and delete them. They are no part of what others see, so they have no event and no change to undo."""

import math
from uuid import UUID

from django.utils import timezone

from insights.database import write_transaction
from insights.models import Note
from insights.models.notes import LONGEST_NOTE
from insights.recorder.event_log import clean, locked
from insights.recorder.types import RecorderError

MOST = 1000
"""Notes of one person in one conversation."""
_FARTHEST_S = 1e9


class UnknownNote(RecorderError):
    """The person has no note with this id in the conversation."""


def write_note(conversation_id: int, note_id: UUID, text: str, at_s: float | None, author_id: int) -> Note:
    """Store a note, or replace the text of one that exists; its place stays. The same call may be repeated.

    Raises UnknownConversation, UnknownNote for the id of another note, and RecorderError for invalid values.
    """
    words = clean(text).strip()
    if not words:
        raise RecorderError("text: at least one visible character is needed")
    if len(words) > LONGEST_NOTE:
        raise RecorderError(f"text: may have at most {LONGEST_NOTE} characters, not {len(words)}")
    if at_s is not None and (not math.isfinite(at_s) or not 0 <= at_s <= _FARTHEST_S):
        raise RecorderError("beginTimeOffset: must be a number of seconds, 0 or more")
    now = timezone.now()
    with write_transaction():
        conversation = locked(conversation_id)
        row = Note.objects.filter(id=note_id).first()
        if row is None:
            if Note.objects.filter(conversation=conversation, author_id=author_id).count() >= MOST:
                raise RecorderError(f"at most {MOST} notes of one person are allowed in a conversation; delete some first")
            written = {"text": words, "at_s": at_s, "created_at": now, "updated_at": now}
            return Note.objects.create(id=note_id, conversation=conversation, author_id=author_id, **written)
        if (row.conversation_id, row.author_id) != (conversation_id, author_id):
            raise UnknownNote(f"note {note_id} does not exist")
        if row.text != words:
            row.text, row.updated_at = words, now
            row.save(update_fields=["text", "updated_at"])
        return row


def delete_note(conversation_id: int, note_id: UUID, author_id: int) -> None:
    """Delete a note of a person. Raises UnknownConversation and UnknownNote."""
    with write_transaction():
        locked(conversation_id)
        if not Note.objects.filter(id=note_id, conversation_id=conversation_id, author_id=author_id).delete()[0]:
            raise UnknownNote(f"note {note_id} does not exist")
