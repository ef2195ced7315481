"""The private notes of the signed-in person, as the live page and the page of a conversation show them."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User

from insights import queries
from insights.models import Conversation, Note
from insights.portal.wording import clock


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note. `at`: seconds from the start as a text, empty without a place; `second`: the whole ones; `place`: `0:42`."""

    id: UUID
    text: str
    at: str
    second: int
    place: str


def notes_context(user: User | AnonymousUser | None, conversation: Conversation | None) -> dict[str, object]:
    """Return what the template of the notes needs. Guests have no account, and so no notes."""
    if not isinstance(user, User):
        return {"takes_notes": False, "notes": ()}
    found = queries.notes_of(conversation, user.pk) if conversation is not None else ()
    return {"takes_notes": True, "notes": [_row(one) for one in found]}


def _row(note: Note) -> NoteRow:
    if note.at_s is None:
        return NoteRow(note.id, note.text, "", 0, "")
    return NoteRow(note.id, note.text, f"{note.at_s:.2f}", int(note.at_s), clock(note.at_s))
