"""Bookmarks: set, change and delete them. Each edit can be undone by its author."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from insights.database import write_transaction
from insights.models import Bookmark, BookmarkReference, Change, Conversation, Message
from insights.models.bookmarks import LONGEST_DESCRIPTION, LONGEST_LABEL
from insights.names import LONGEST_NAME, clean_name
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.event_log import clean, locked
from insights.recorder.types import RecorderError, SpeakerIdentity

MOST = 100
"""Bookmarks of one conversation."""
MOST_MESSAGES = 1000
"""Messages that one bookmark names."""
_FARTHEST_S = 1e9


class UnknownBookmark(RecorderError):
    """The conversation has no bookmark with this id."""


@dataclass(frozen=True, slots=True)
class BookmarkFields:
    """What a person may set of a bookmark: either begin and duration, in seconds from the start, or the ids of messages."""

    label: str
    description: str = ""
    user: SpeakerIdentity = SpeakerIdentity()
    begin_s: float | None = None
    duration_s: float | None = None
    message_ids: Sequence[UUID] = ()


def add_bookmark(conversation_id: int, fields: BookmarkFields, user_id: int) -> tuple[Bookmark, Edited]:
    """Store a bookmark. Raises UnknownConversation, and RecorderError for invalid fields."""
    checked = _checked(fields)
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        if Bookmark.objects.filter(conversation=edit.conversation).count() >= MOST:
            raise RecorderError(f"a conversation may have at most {MOST} bookmarks; delete some first")
        row = Bookmark(conversation=edit.conversation, created_by_id=user_id, created_at=edit.now)
        return row, _stored(edit, row, checked, ())


def change_bookmark(
    conversation_id: int, bookmark_id: int, change: Callable[[BookmarkFields], BookmarkFields], user_id: int
) -> tuple[Bookmark, Edited]:
    """Replace the fields of a bookmark by what `change` returns for them. Raises as `add_bookmark`, and UnknownBookmark."""
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        row = _bookmark(edit.conversation, bookmark_id)
        ids = tuple(BookmarkReference.objects.filter(bookmark=row).order_by("id").values_list("message_id", flat=True))
        user = SpeakerIdentity(row.user_id, row.user_name, row.user_email)
        before = BookmarkFields(row.label, row.description, user, row.begin_s, row.duration_s, ids)
        return row, _stored(edit, row, _checked(change(before)), ids)


def delete_bookmark(conversation_id: int, bookmark_id: int, user_id: int) -> Edited:
    """Delete a bookmark; its messages stay. Raises UnknownConversation and UnknownBookmark."""
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        row = _bookmark(edit.conversation, bookmark_id)
        _watch(edit, row)
        row.delete()
        return edit.store(Change.Kind.BOOKMARK, bookmark_id)


def _bookmark(conversation: Conversation, bookmark_id: int) -> Bookmark:
    found = Bookmark.objects.filter(conversation=conversation, id=bookmark_id).first()
    if found is None:
        raise UnknownBookmark(f"bookmark {bookmark_id} does not exist")
    return found


def _watch(edit: Edit, row: Bookmark) -> None:
    edit.watch(Bookmark.objects.filter(id=row.id), BookmarkReference.objects.filter(bookmark_id=row.id))


def _stored(edit: Edit, row: Bookmark, fields: BookmarkFields, ids: tuple[UUID, ...]) -> Edited:
    """Store a bookmark that has the messages `ids` so far."""
    _check_messages(edit.conversation, fields.message_ids)
    _watch(edit, row)
    row.label, row.description = fields.label, fields.description
    row.user_id, row.user_name, row.user_email = fields.user.user_id, fields.user.name, fields.user.email
    row.begin_s, row.duration_s = fields.begin_s, fields.duration_s
    row.save()
    if tuple(fields.message_ids) != ids:
        BookmarkReference.objects.filter(bookmark=row).delete()
        BookmarkReference.objects.bulk_create([BookmarkReference(bookmark=row, message_id=one) for one in fields.message_ids])
    return edit.store(Change.Kind.BOOKMARK, row.id)


def _check_messages(conversation: Conversation, message_ids: Sequence[UUID]) -> None:
    known = (
        set(Message.objects.filter(conversation=conversation, id__in=message_ids).values_list("id", flat=True)) if message_ids else set()
    )
    for place, one in enumerate(message_ids):
        if one not in known:
            raise RecorderError(f"messageRefs[{place}].id: is not the id of a message of this conversation")


def _checked(fields: BookmarkFields) -> BookmarkFields:
    label = clean_name(fields.label)
    description, ids = clean(fields.description).strip(), tuple(dict.fromkeys(fields.message_ids))
    if not label:
        raise RecorderError('"label" is not allowed to be empty')
    if len(label) > LONGEST_LABEL:
        raise RecorderError(f"label: may have at most {LONGEST_LABEL} characters, not {len(label)}")
    if len(description) > LONGEST_DESCRIPTION:
        raise RecorderError(f"description: may have at most {LONGEST_DESCRIPTION} characters, not {len(description)}")
    if len(ids) > MOST_MESSAGES:
        raise RecorderError(f"messageRefs: may have at most {MOST_MESSAGES} messages, not {len(ids)}")
    _check_place(fields.begin_s, fields.duration_s, bool(ids))
    user_id, name, email = (clean_name(text, LONGEST_NAME) for text in (fields.user.user_id, fields.user.name, fields.user.email))
    user = SpeakerIdentity(user_id, name, email)
    return BookmarkFields(label, description, user, fields.begin_s, fields.duration_s, ids)


def _check_place(begin_s: float | None, duration_s: float | None, has_messages: bool) -> None:
    timed = begin_s is not None or duration_s is not None
    if timed == has_messages:
        raise RecorderError("messageRefs: give either messageRefs, or beginTimeOffset and duration")
    for field, value in (("beginTimeOffset", begin_s), ("duration", duration_s)) if timed else ():
        if value is None or not math.isfinite(value) or not 0 <= value <= _FARTHEST_S:
            raise RecorderError(f"{field}: must be a number of seconds, 0 or more")
