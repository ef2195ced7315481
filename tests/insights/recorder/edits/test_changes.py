"""Changes by people and undoing them: the title and the metadata stand for all edits here."""

import pytest
from django.contrib.auth.models import User

from insights import queries, recorder
from insights.models import Change, Conversation
from insights.recorder import ChangeConflict, Joined, NotTheAuthor, RecorderError, UnknownChange
from tests.insights.conftest import Say


def test_an_edit_stores_a_change_and_an_event(joined: Joined, owner: User) -> None:
    """A new title is stored with who, when, from what and to what, and is one event with the complete metadata."""
    edited = recorder.edit_conversation(joined.conversation_id, owner.pk, name=" Budget\u202e ", metadata={"agent": "Jane"})
    conversation = Conversation.objects.get()
    assert (conversation.name, conversation.metadata) == ("Budget", {"agent": "Jane"})
    change = Change.objects.get()
    assert (change.pk, change.user, change.kind, change.target) == (edited.change_id, owner, "conversation", str(conversation.id))
    key = f"conversation:{conversation.id}"
    assert (change.before[key]["metadata"], change.after[key]) == ({}, {"name": "Budget", "metadata": {"agent": "Jane"}})
    (event,) = edited.events
    assert event.at == change.created_at
    assert (event.kind, event.payload) == (
        "conversation_changed",
        {"conversationId": str(conversation.id), "name": "Budget", "metadata": {"agent": "Jane"}, "changedBy": "owner"},
    )
    assert queries.events_after(conversation.id, event.number - 1) == [event]


def test_metadata_is_added_replaced_and_removed(joined: Joined, owner: User) -> None:
    """Values that are not named stay; null removes one."""
    for metadata in ({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, {"a": None, "unknown": None}):
        recorder.edit_conversation(joined.conversation_id, owner.pk, metadata=metadata)
    assert Conversation.objects.get().metadata == {"b": "3", "c": "4"}


def test_an_unchanged_conversation_is_no_event(joined: Joined, owner: User) -> None:
    """The same title again stores nothing."""
    name = Conversation.objects.get().name
    edited = recorder.edit_conversation(joined.conversation_id, owner.pk, name=name, metadata={})
    assert (edited.change_id, edited.events, Change.objects.count()) == (None, [], 0)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " \u200b "}, "name: at least one visible character is needed"),
        ({"metadata": {"": "x"}}, "metadata: a key must have 1 to 128 characters, not 0"),
        ({"metadata": {"k": "x" * 129}}, "metadata.k: at most 128 characters are allowed, not 129"),
        ({"metadata": {str(one): "x" for one in range(101)}}, "metadata: at most 100 values are allowed, not 101"),
    ],
)
def test_invalid_values_are_refused(joined: Joined, owner: User, fields: dict[str, object], error: str) -> None:
    """An error names the field and what is allowed, and nothing is stored."""
    with pytest.raises(RecorderError, match=error):
        recorder.edit_conversation(joined.conversation_id, owner.pk, **fields)  # type: ignore[arg-type]
    assert Change.objects.count() == 0


def test_an_undone_change_restores_the_row_and_is_an_event(joined: Joined, owner: User) -> None:
    """Undoing restores the title as a change of its own; undoing that makes the change again."""
    before = Conversation.objects.get().name
    edited = recorder.edit_conversation(joined.conversation_id, owner.pk, name="Budget")
    assert edited.change_id is not None
    undone = recorder.undo(edited.change_id, owner.pk)
    assert Conversation.objects.get().name == before
    assert [(event.number, event.payload["name"]) for event in undone.events] == [(edited.events[0].number + 1, before)]
    assert Change.objects.get(pk=edited.change_id).undone_by.pk == undone.change_id
    with pytest.raises(ChangeConflict, match=f"change {edited.change_id} is undone already, by change {undone.change_id}"):
        recorder.undo(edited.change_id, owner.pk)
    assert undone.change_id is not None
    recorder.undo(undone.change_id, owner.pk)
    assert Conversation.objects.get().name == "Budget"


def test_only_the_author_can_undo(joined: Joined, owner: User, other_owner: User) -> None:
    """Another account, and an unknown change, are refused."""
    edited = recorder.edit_conversation(joined.conversation_id, owner.pk, name="Budget")
    assert edited.change_id is not None
    with pytest.raises(NotTheAuthor):
        recorder.undo(edited.change_id, other_owner.pk)
    with pytest.raises(UnknownChange):
        recorder.undo(edited.change_id + 1, owner.pk)
    assert Conversation.objects.get().name == "Budget"


def test_a_newer_change_of_the_same_field_prevents_undoing(joined: Joined, owner: User, say: Say) -> None:
    """The error names the newer change; one of another field does not matter."""
    first = recorder.edit_conversation(joined.conversation_id, owner.pk, name="One")
    recorder.edit_conversation(joined.conversation_id, owner.pk, metadata={"a": "1"})
    newer = recorder.edit_conversation(joined.conversation_id, owner.pk, name="Two")
    assert first.change_id is not None
    assert newer.change_id is not None
    with pytest.raises(ChangeConflict, match=f"undo change {newer.change_id} first"):
        recorder.undo(first.change_id, owner.pk)
    recorder.undo(newer.change_id, owner.pk)
    recorder.undo(first.change_id, owner.pk)
    assert Conversation.objects.get().metadata == {"a": "1"}
