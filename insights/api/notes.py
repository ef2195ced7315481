"""Private notes of the caller in a conversation. Whoever may read the conversation may write notes; nobody else sees them."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from insights import queries, recorder
from insights.api import auth
from insights.api.editing import editing
from insights.api.errors import COMMON_PROBLEMS
from insights.models import AccessLevel, Note
from insights.payloads import iso

router = Router(tags=["Notes"])
_ROOT = "/v1/conversations/{conversation_id}/notes"
UNKNOWN = "The noteId is either invalid or does not exist."


class NoteOut(Schema):
    """A note. `beginTimeOffset`: when it was begun, in seconds from the start of the conversation; null without a place."""

    id: str
    text: str
    beginTimeOffset: float | None
    createdAt: str
    updatedAt: str


class NoteList(Schema):
    """The notes of the caller, in the order of the conversation."""

    notes: list[NoteOut]


class NoteIn(Schema):
    """A note to write. The place of a note that exists stays."""

    text: str
    beginTimeOffset: float | None = None


class DeletedNote(Schema):
    """The answer to a deletion."""

    id: str
    deleted: bool = True


@router.get(_ROOT, response={200: NoteList, **COMMON_PROBLEMS}, summary="List your notes")
def list_notes(request: HttpRequest, conversation_id: str) -> NoteList:
    """Return the notes that the caller wrote; those of others are never returned."""
    conversation = auth.conversation(request, conversation_id)
    return NoteList(notes=[_form(one) for one in queries.notes_of(conversation, auth.caller(request).pk)])


@router.put(_ROOT + "/{note_id}", response={200: NoteOut, **COMMON_PROBLEMS}, summary="Write a note")
def write_note(request: HttpRequest, conversation_id: str, note_id: UUID, body: NoteIn) -> NoteOut:
    """Store a note under an id that the caller chose, a UUID, or replace the text of one. The same call may be repeated."""
    conversation = auth.conversation(request, conversation_id, AccessLevel.READ)
    with editing(UNKNOWN):
        return _form(recorder.write_note(conversation.pk, note_id, body.text, body.beginTimeOffset, auth.caller(request).pk))


@router.delete(_ROOT + "/{note_id}", response={200: DeletedNote, **COMMON_PROBLEMS}, summary="Delete a note")
def delete_note(request: HttpRequest, conversation_id: str, note_id: UUID) -> DeletedNote:
    """Delete a note of the caller, for good."""
    conversation = auth.conversation(request, conversation_id, AccessLevel.READ)
    with editing(UNKNOWN):
        recorder.delete_note(conversation.pk, note_id, auth.caller(request).pk)
    return DeletedNote(id=str(note_id))


def _form(note: Note) -> NoteOut:
    return NoteOut(
        id=str(note.id),
        text=note.text,
        beginTimeOffset=note.at_s,
        createdAt=iso(note.created_at),
        updatedAt=iso(note.updated_at),
    )
