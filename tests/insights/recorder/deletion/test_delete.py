"""Deleting conversations for good, and the bin."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from insights import derived, queries, recorder
from insights.models import Conversation, Deletion, Diarization, Event, LiveSession, Message
from insights.payloads import iso
from insights.recorder import Joined, Listening, UnknownConversation
from insights.recorder.deletion import delete
from insights.recorder.deletion.tables import content_tables
from insights.recorder.signals import conversation_deleted, conversation_hidden
from tests.insights.conftest import Say, opening, utterance

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, int]]]:
    """Return the signals that were sent: (name, conversation id)."""
    received: list[tuple[str, int]] = []

    def on_deleted(conversation_id: int, **signal: Any) -> None:
        assert not connection.in_atomic_block
        received.append(("deleted", conversation_id))

    def on_hidden(conversation_id: int, **signal: Any) -> None:
        received.append(("hidden", conversation_id))

    conversation_deleted.connect(on_deleted)
    conversation_hidden.connect(on_hidden)
    yield received
    conversation_deleted.disconnect(on_deleted)
    conversation_hidden.disconnect(on_hidden)


def left_of(conversation_id: int) -> int:
    """Return how many rows are left of a conversation, in all tables."""
    return sum(table.rows(conversation_id).count() for table in content_tables())


def test_nothing_is_left_of_a_deleted_conversation(joined: Joined, say: Say, owner: User, heard: list[tuple[str, int]]) -> None:
    """Rows, search and caches are empty; the deletion is announced once, and noted without words."""
    say("Is the zeppelin budget there? Ada will call Bob tomorrow.")
    conversation = Conversation.objects.get()
    queries.talk_seconds(conversation)
    assert joined.conversation_id in derived.cached()
    recorder.delete_conversation(joined.conversation_id, owner.pk)
    assert not Conversation.everything.exists()
    assert left_of(joined.conversation_id) == 0
    assert not queries.find(owner.pk, queries.parse_search("zeppelin"))
    assert joined.conversation_id not in derived.cached()
    assert heard == [("deleted", joined.conversation_id)]
    noted = Deletion.objects.get()
    assert (noted.kind, noted.conversation_id, noted.user_id, noted.owner_id) == (
        "conversation",
        joined.conversation_id,
        owner.pk,
        owner.pk,
    )
    assert noted.counts == {"messages": 2, "events": conversation.last_event}
    with pytest.raises(UnknownConversation):
        recorder.delete_conversation(joined.conversation_id, owner.pk)


def test_nothing_is_stored_after_the_deletion(joined: Joined, owner: User) -> None:
    """A recognition that still runs gets an error, its session leaves without one, and its connection id is free."""
    session = LiveSession.objects.get()
    recorder.delete_conversation(joined.conversation_id, owner.pk)
    with pytest.raises(UnknownConversation):
        recorder.record(joined.conversation_id, utterance("Is it?", joined.started_at), Listening(session_id=session.id))
    assert recorder.leave(session.id, final=True) == []
    assert joined.conversation_id not in derived.cached()
    assert recorder.open_conversation(opening(owner)).created


def test_the_bin_keeps_no_voices(owner: User) -> None:
    """What describes the voices of a live conversation goes when it is moved to the bin, as at its end."""
    diarized = recorder.open_conversation(opening(owner, several_speakers=True)).diarized
    assert diarized is not None
    recorder.store_voices(diarized.id, b"voices")
    recorder.bin_conversation(Conversation.objects.get().pk, owner.pk)
    assert bytes(Diarization.objects.get().state) == b""
    assert bytes(Diarization.objects.get().kept_state) == b""


def test_a_long_conversation_is_removed_in_batches(
    joined: Joined, say: Say, monkeypatch: pytest.MonkeyPatch, heard: list[tuple[str, int]]
) -> None:
    """It is hidden first; what is left after the time of the caller, or after a crash, is removed later."""
    for number in range(12):
        say(f"Is the zeppelin number {number} ready?")
    monkeypatch.setattr(delete, "BATCH", 10)
    monkeypatch.setattr(delete, "WITHIN_S", 0.0)
    before = left_of(joined.conversation_id)
    recorder.delete_conversation(joined.conversation_id)
    assert not Conversation.objects.exists()
    assert 0 < left_of(joined.conversation_id) < before
    assert recorder.continue_deletions(0.0) == 1
    assert recorder.continue_deletions(30.0) == 0
    assert left_of(joined.conversation_id) == 0
    assert not Conversation.everything.exists()
    assert set(heard) == {("deleted", joined.conversation_id)}


def test_a_receiver_that_fails_is_called_again(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row stays until the files of the conversation are gone, so that a failure or a crash forgets none."""
    calls: list[int] = []

    def remove_files(conversation_id: int, **signal: Any) -> None:
        calls.append(conversation_id)
        if len(calls) == 1:
            raise OSError("storage away")

    conversation_deleted.connect(remove_files)
    try:
        recorder.delete_conversation(joined.conversation_id)
        assert Conversation.everything.filter(erased_at__isnull=False).exists()
        monkeypatch.setattr(delete, "AGAIN_S", 0.0)
        assert recorder.continue_deletions() == 0
    finally:
        conversation_deleted.disconnect(remove_files)
    assert len(calls) == 2
    assert not Conversation.everything.exists()


def test_a_binned_conversation_is_hidden_and_can_be_restored(joined: Joined, say: Say, owner: User, heard: list[tuple[str, int]]) -> None:
    """Its contents stay; while it is in the bin nobody finds it, nothing is stored in it, and it has ended."""
    say("Is the zeppelin ready?")
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    assert heard == [("hidden", joined.conversation_id)]
    assert queries.conversation_for(owner.pk, joined.conversation_id) is None
    assert not queries.conversations_of(owner.pk).exists()
    assert queries.last_events([joined.conversation_id]) == {}
    assert not LiveSession.objects.exists()
    with pytest.raises(UnknownConversation):
        recorder.record(joined.conversation_id, utterance("Is it?", joined.started_at), Listening())
    with pytest.raises(UnknownConversation):
        recorder.bin_conversation(joined.conversation_id, owner.pk)
    recorder.restore_conversation(joined.conversation_id, owner.pk)
    restored = Conversation.objects.get()
    assert restored.ended_at is not None
    ends = Event.objects.filter(kind="conversation_completed")
    assert [(end.number, end.payload["endedAt"]) for end in ends] == [(restored.last_event, iso(restored.ended_at))]
    assert Message.objects.count() == 1
    with pytest.raises(UnknownConversation):
        recorder.restore_conversation(joined.conversation_id, owner.pk)
    recorder.bin_conversation(joined.conversation_id, owner.pk)
    assert ends.count() == 1
    recorder.delete_conversation(joined.conversation_id, owner.pk)
    assert not Conversation.everything.exists()
    assert list(Deletion.objects.order_by("id").values_list("kind", flat=True)) == ["binned", "restored", "binned", "conversation"]
