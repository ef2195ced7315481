"""An edit, a deletion or a redaction of 10,000 messages leaves the writer of SQLite free for live results."""

import gc
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from insights import recorder
from insights.database import write_transaction
from insights.models import Change, Conversation, Insight, Member, Message
from insights.recorder import ChangeConflict, Joined, NamedSpeaker, SpeakerEvent
from insights.recorder.edits import speaker_edits, undo
from tests.insights.conftest import Say, speaker_of

MESSAGES = 10_000
LIMIT_S = 0.2
"""Seconds for which a live result may wait."""
MARGIN = 4

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Keep what exists before the test out of the garbage collections, as the server does."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Waits:
    """The longest wait of a second writer, which begins a transaction again and again.

    In seconds of the processor that this process used meanwhile, so that other processes of a busy machine do not count.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.count = 0


@contextmanager
def second_writer() -> Iterator[Waits]:
    """Write from a connection that knows nothing of the lock in this process, as a server beside a worker does."""
    waits, done = Waits(), threading.Event()

    def write() -> None:
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, timeout=0)
        since = time.process_time()
        while not done.wait(0.001):
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue
            waits.longest, waits.count = max(waits.longest, time.process_time() - since), waits.count + 1
            other.execute("ROLLBACK")
            done.wait(0.02)
            since = time.process_time()
        waits.longest = max(waits.longest, time.process_time() - since)
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()


@pytest.fixture
def long_talk(joined: Joined) -> Conversation:
    """Return a conversation in which Ada said 10,000 messages, five seconds apart; every tenth is a task of hers."""
    if connection.vendor != "sqlite":
        pytest.skip("needs SQLite, which has one writer")
    talk = Conversation.objects.get()
    ada = Member.objects.get()
    voice = speaker_of(talk, ada)

    def message(number: int) -> Message:
        start = talk.started_at + timedelta(seconds=5 * number)
        text = f"I will call Maria about item {number} tomorrow."
        times = {"started_at": start, "ended_at": start + timedelta(seconds=4), "offset_s": 5.0 * number, "duration_s": 4.0}
        return Message(conversation=talk, speaker=voice, number=number, text=text, **times)  # type: ignore[misc]

    said = Message.objects.bulk_create([message(number) for number in range(1, MESSAGES + 1)], batch_size=500)
    Insight.objects.bulk_create(
        Insight(conversation=talk, message=one, type="action_item", text=one.text, confidence=0.8, assignee=ada, assignee_name="Ada")
        for one in said[::10]
    )
    Conversation.objects.update(message_count=MESSAGES)
    return Conversation.objects.get()


def state() -> list[tuple[object, ...]]:
    """Return who said each message, and whose each task is."""
    said = Message.objects.order_by("number").values_list("id", "speaker__member__name")
    return [*said, *Insight.objects.order_by("id").values_list("id", "assignee_name")]


CLEO = [SpeakerEvent(True, NamedSpeaker("c", "Cleo"), 0)]


def test_an_edit_of_10000_messages_and_its_undo_wait_for_nobody(long_talk: Conversation, owner: User) -> None:
    """A live result waits at most for one batch; the edit is one change, and its undo restores every row."""
    former = state()
    with second_writer() as edit_waits:
        edited = recorder.attribute_speakers(long_talk.id, CLEO, owner.pk)
    assert Message.objects.filter(speaker__member__name="Cleo").count() == MESSAGES
    assert set(Insight.objects.values_list("assignee__name", "assignee_name")) == {("Cleo", "Cleo")}
    change = Change.objects.get()
    assert edited.change_id == change.pk
    assert sum(key.startswith("message:") for key in change.after) == MESSAGES
    named = [one for event in edited.events if event.kind == "messages_moved" for one in event.payload["messageIds"]]
    sent = [event.payload["message"]["id"] for event in edited.events if event.kind == "message_corrected"]
    assert len({*named, *sent}) == len(named) + len(sent) == MESSAGES
    with second_writer() as undo_waits:
        undone = recorder.undo(change.pk, owner.pk)
    assert state() == former
    assert not Member.objects.filter(name="Cleo").exists()
    assert Change.objects.count() == 2
    assert undone.change_id == Change.objects.get(undoes=change).pk
    print(f"longest waits: edit {edit_waits.longest:.3f} s, undo {undo_waits.longest:.3f} s")
    assert min(edit_waits.count, undo_waits.count) > MESSAGES / speaker_edits.BATCH / 2
    assert max(edit_waits.longest, undo_waits.longest) < MARGIN * LIMIT_S


def test_the_deletion_of_10000_messages_waits_for_nobody(long_talk: Conversation, owner: User) -> None:
    """A live result waits at most for one batch, until the last row is gone."""
    with second_writer() as waits:
        recorder.delete_conversation(long_talk.id, owner.pk)
        while recorder.continue_deletions():
            pass
    assert not Conversation.everything.exists()
    print(f"longest wait: {waits.longest:.3f} s")
    assert waits.longest < MARGIN * LIMIT_S


class Killed(Exception):
    """Stands for the death of the process."""


@pytest.fixture
def killed_in_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes large edits consist of batches of two, and end as if killed in one of these batches."""

    def in_batch(number: int) -> None:
        left = [number]

        @contextmanager
        def transaction() -> Iterator[None]:
            with write_transaction():
                yield
                left[0] -= 1
                if left[0] == 0:
                    raise Killed

        for module in (speaker_edits, undo):
            monkeypatch.setattr(module, "BATCH", 2)
            monkeypatch.setattr(module, "write_transaction", transaction)

    return in_batch


def test_a_killed_edit_can_be_repeated_and_undone(joined: Joined, say: Say, owner: User, killed_in_batch: Callable[[int], None]) -> None:
    """What was stored before is a change; the repetition stores the rest, and undoing both restores the first state."""
    for number in range(6):
        say(f"I will do number {number}.")
    former = state()
    killed_in_batch(3)
    with pytest.raises(Killed):
        recorder.attribute_speakers(joined.conversation_id, CLEO, owner.pk)
    assert Message.objects.filter(speaker__member__name="Cleo").count() == 4
    first = Change.objects.get()
    second = recorder.attribute_speakers(joined.conversation_id, CLEO, owner.pk)
    assert Message.objects.filter(speaker__member__name="Cleo").count() == 6
    assert recorder.attribute_speakers(joined.conversation_id, CLEO, owner.pk).change_id is None
    assert second.change_id is not None
    recorder.undo(second.change_id, owner.pk)
    recorder.undo(first.pk, owner.pk)
    assert state() == former


def test_a_killed_undo_is_continued(joined: Joined, say: Say, owner: User, killed_in_batch: Callable[[int], None]) -> None:
    """The same call restores the rest, as part of the same change, which can be undone as a whole; then it is undone already."""
    for number in range(6):
        say(f"I will do number {number}.")
    former = state()
    killed_in_batch(6)
    edited = recorder.attribute_speakers(joined.conversation_id, CLEO, owner.pk)
    assert edited.change_id is not None
    given = state()
    with pytest.raises(Killed):
        recorder.undo(edited.change_id, owner.pk)
    assert former != state() != given
    undone = recorder.undo(edited.change_id, owner.pk)
    assert state() == former
    assert undone.change_id == Change.objects.get(undoes=edited.change_id).pk
    with pytest.raises(ChangeConflict, match="undone already"):
        recorder.undo(edited.change_id, owner.pk)
    assert undone.change_id is not None
    recorder.undo(undone.change_id, owner.pk)
    assert state() == given


def test_an_edit_ends_when_it_is_undone_meanwhile(joined: Joined, say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The undo restores what was stored so far, and no further batch follows."""
    for number in range(6):
        say(f"I will do number {number}.")
    former = state()
    monkeypatch.setattr(speaker_edits, "BATCH", 2)
    monkeypatch.setattr(speaker_edits.time, "sleep", lambda _: recorder.undo(Change.objects.get().pk, owner.pk))
    recorder.attribute_speakers(joined.conversation_id, CLEO, owner.pk)
    assert state() == former
    assert Change.objects.count() == 2
