"""Edits of a conversation itself: its title and its metadata."""

from collections.abc import Mapping

from insights.database import write_transaction
from insights.models import Change
from insights.names import clean_name
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.event_log import clean, locked
from insights.recorder.types import RecorderError

LONGEST_TITLE = 500
LONGEST_VALUE = 128
"""Characters of a key and of a value of the metadata."""
MOST_VALUES = 100
"""Values that the metadata of a conversation has at most."""


def edit_conversation(
    conversation_id: int, user_id: int, *, name: str | None = None, metadata: Mapping[str, str | None] | None = None
) -> Edited:
    """Change the title, and add, replace or (with None) remove values of the metadata; other values stay.

    Raises UnknownConversation, and RecorderError for an empty title, and for a key or value that is too long.
    """
    title = None if name is None else clean_name(name, LONGEST_TITLE)
    if title == "":
        raise RecorderError("name: at least one visible character is needed")
    with write_transaction():
        edit = Edit(locked(conversation_id), user_id)
        edit.watch_conversation()
        if title is not None:
            edit.conversation.name = title
        if metadata is not None:
            edit.conversation.metadata = _merged(edit.conversation.metadata, metadata)
        return edit.store(Change.Kind.CONVERSATION, conversation_id)


def _merged(old: Mapping[str, object], new: Mapping[str, str | None]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        name = clean(key)
        if not 1 <= len(name) <= LONGEST_VALUE:
            raise RecorderError(f"metadata: a key must have 1 to {LONGEST_VALUE} characters, not {len(name)}")
        if value is None:
            merged.pop(name, None)
            continue
        if len(value) > LONGEST_VALUE:
            raise RecorderError(f"metadata.{name}: at most {LONGEST_VALUE} characters are allowed, not {len(value)}")
        merged[name] = clean(value)
    if len(merged) > MOST_VALUES:
        raise RecorderError(f"metadata: at most {MOST_VALUES} values are allowed, not {len(merged)}")
    return merged
