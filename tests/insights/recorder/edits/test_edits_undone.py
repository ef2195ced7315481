"""Any sequence of edits, undone in reverse order, restores the first state; its history of events grows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from insights import queries, recorder
from insights.analysis.trackers import Tracker
from insights.models import (
    Bookmark,
    BookmarkReference,
    Change,
    Conversation,
    Entity,
    Event,
    Insight,
    Member,
    Message,
    Speaker,
    TopicReference,
    TrackerMatch,
)
from insights.recorder import (
    Assignee,
    BookmarkFields,
    ChangeConflict,
    Edited,
    InsightEdit,
    Listening,
    NamedSpeaker,
    RecorderError,
    SpeakerEvent,
    SpeakerIdentity,
)
from tests.insights.conftest import opening, utterance

Take = Callable[[Conversation, User, int, int], Edited]
TABLES = (Member, Speaker, Message, Insight, Entity, TrackerMatch, TopicReference, Bookmark, BookmarkReference)


def state(conversation: Conversation) -> dict[str, Any]:
    """Return all rows of a conversation, without the ids of those that are made anew by an analysis, and without its last event."""
    paths = {Entity: "message__conversation", TopicReference: "topic__conversation", BookmarkReference: "bookmark__conversation"}
    rows = {
        table.__name__: sorted(map(repr, table.objects.filter(**{paths.get(table, "conversation"): conversation}).values()))  # type: ignore[attr-defined]
        for table in TABLES
    }
    fields = Conversation.objects.filter(id=conversation.id).values("name", "metadata", "message_count").get()
    return rows | {"Conversation": fields}


def pick(rows: list[Any], place: int) -> Any:
    """Return one of the rows."""
    return rows[place % len(rows)]


def messages(conversation: Conversation) -> list[Message]:
    return list(Message.objects.filter(conversation=conversation).order_by("number"))


def members(conversation: Conversation) -> list[Member]:
    return list(queries.members_of(conversation))


def insights(conversation: Conversation) -> list[Insight]:
    return list(queries.insights_of(conversation))


WORDS = ("Ada will send the budget tomorrow.", "Is it good?", "The launch report", "maybe Ben calls")

EDITS: dict[str, Take] = {
    "title": lambda c, u, a, b: recorder.edit_conversation(c.id, u.pk, name=pick(WORDS, a)),
    "metadata": lambda c, u, a, b: recorder.edit_conversation(c.id, u.pk, metadata={str(a % 3): None if b % 3 == 0 else str(b)}),
    "words": lambda c, u, a, b: recorder.edit_message(pick(messages(c), a).id, u.pk, text=pick(WORDS, b)),
    "speaker": lambda c, u, a, b: recorder.edit_message(pick(messages(c), a).id, u.pk, member_id=pick(members(c), b).id),
    "split": lambda c, u, a, b: recorder.split_message((one := pick(messages(c), a)).id, 1 + b % len(one.text), u.pk)[1],
    "join": lambda c, u, a, b: recorder.join_next(pick(messages(c), a).id, u.pk),
    "rename": lambda c, u, a, b: recorder.edit_member(c.id, pick(members(c), a).id, u.pk, name=f"Zoe {b}"),
    "merge": lambda c, u, a, b: recorder.merge_members(c.id, pick(members(c), a).id, pick(members(c), b).id, u.pk),
    "speakers": lambda c, u, a, b: recorder.attribute_speakers(c.id, spoken(a, b), u.pk),
    "review": lambda c, u, a, b: recorder.edit_insight(
        pick(insights(c), a).id,
        u.pk,
        InsightEdit(
            verdict=pick(["accepted", "rejected", "pending"], b),
            text=pick(list(WORDS), b),
            assignee=pick([None, Assignee(), Assignee(name="Ben"), Assignee(name="Nobody")], b),
            due_at=datetime(2027, 1, 1, tzinfo=UTC),
            has_due=b % 2 == 0,
            done=b % 3 == 0,
        ),
    ),
    "add": lambda c, u, a, b: recorder.add_insight(pick(messages(c), a).id, u.pk, "question", InsightEdit())[1],
    "bookmark": lambda c, u, a, b: recorder.add_bookmark(c.id, marked(c, a, b), u.pk)[1],
    "change bookmark": lambda c, u, a, b: recorder.change_bookmark(c.id, a_bookmark(c, a), lambda _: marked(c, b, a), u.pk)[1],
    "delete bookmark": lambda c, u, a, b: recorder.delete_bookmark(c.id, a_bookmark(c, a), u.pk),
}


def a_bookmark(conversation: Conversation, place: int) -> int:
    """Return the id of a bookmark. Raises RecorderError if there is none."""
    found = queries.bookmarks_of(conversation)
    if not found:
        raise RecorderError("there is no bookmark")
    return int(pick(found, place).id)


def marked(conversation: Conversation, a: int, b: int) -> BookmarkFields:
    """Return a bookmark of two messages, or of a stretch of time."""
    if b % 3 == 0:
        return BookmarkFields(f"Time {a}", begin_s=float(a), duration_s=float(b))
    return BookmarkFields(f"Messages {a}", message_ids=[pick(messages(conversation), place).id for place in (a, b)])


def spoken(a: int, b: int) -> list[SpeakerEvent]:
    """Return events of Ben and of a person who may be new."""
    new, ben = NamedSpeaker(f"user-{a % 2}", "Cleo"), NamedSpeaker("", "Ben")
    return [SpeakerEvent(True, ben, 0), SpeakerEvent(False, ben, a % 12), SpeakerEvent(True, new, b % 12)]


STEPS = st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 30), st.integers(0, 60)), min_size=1, max_size=6)


def talk(owner: User) -> Conversation:
    """Return an ended conversation of Ada and Ben."""
    room = str(uuid4())
    joined = recorder.open_conversation(opening(owner, room, speaker=SpeakerIdentity("", "Ada")))
    ben = recorder.open_conversation(opening(owner, room, speaker=SpeakerIdentity("", "Ben"))).member
    trackers = (Tracker("Money", ("budget",)),)
    said = ("Ada will send the budget report tomorrow. That is good.", "Is the budget there? Ben will call.", "Fine.", "The launch report.")
    for place, text in enumerate(said):
        speaker = joined.member if place % 2 == 0 else ben
        listening = Listening(member_id=speaker.id if speaker else None, trackers=trackers)
        recorder.record(joined.conversation_id, utterance(text, joined.started_at + timedelta(seconds=3 * place)), listening)
    return Conversation.objects.get(id=joined.conversation_id)


def take(steps: list[tuple[str, int, int]], conversation: Conversation, owner: User) -> Iterator[int]:
    """Make the edits; yield the ids of their changes. One that is not possible is left out."""
    for name, a, b in steps:
        try:
            edited = EDITS[name](conversation, owner, a, b)
        except RecorderError:
            continue
        if edited.change_id is not None:
            yield edited.change_id


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=[("split", 0, 10), ("split", 2, 8), ("join", 0, 0), ("split", 1, 5), ("words", 1, 1)])
@example(steps=[("merge", 0, 1), ("rename", 0, 1), ("join", 2, 0), ("speakers", 7, 3), ("split", 0, 20)])
@example(steps=[("speaker", 0, 1), ("speaker", 1, 1), ("speakers", 3, 3), ("speaker", 2, 2), ("merge", 2, 0)])
def test_edits_undone_in_reverse_order_restore_the_first_state(
    steps: list[tuple[str, int, int]], owner: User, plain_analysis: None
) -> None:
    """All rows are as before, in every table; events are numbered without gap and only added; all can be made again."""
    conversation = talk(owner)
    first, events = state(conversation), queries.events_after(conversation.id, 0)
    changes = list(take(steps, conversation, owner))
    second = state(conversation)
    undone = [recorder.undo(change, owner.pk).change_id for change in reversed(changes)]
    assert state(conversation) == first
    later = queries.events_after(conversation.id, 0)
    assert later[: len(events)] == events
    assert [event.number for event in later] == list(range(1, len(later) + 1))
    assert Event.objects.filter(conversation=conversation).count() == len(later)
    for change in reversed(undone):
        assert change is not None
        recorder.undo(change, owner.pk)
    again = state(conversation)
    for table in ("Member", "Entity", "TopicReference", "TrackerMatch"):  # rows that are stored again have another time or number
        assert len(again.pop(table)) == len(second.pop(table))
    assert again == second


def test_a_change_before_another_of_the_same_message_waits(owner: User, plain_analysis: None) -> None:
    """A split cannot be undone while its second part was changed since, and an edit of another message does not matter."""
    conversation = talk(owner)
    one, *_, last = messages(conversation)
    second, split = recorder.split_message(one.id, 8, owner.pk)
    recorder.edit_message(last.id, owner.pk, text="Other words.")
    words = recorder.edit_message(second, owner.pk, text="Send it.")
    assert split.change_id is not None
    assert words.change_id is not None
    with pytest.raises(ChangeConflict, match=f"undo change {words.change_id} first"):
        recorder.undo(split.change_id, owner.pk)
    recorder.undo(words.change_id, owner.pk)
    recorder.undo(split.change_id, owner.pk)
    assert [message.text for message in messages(conversation)][0] == one.text


def test_a_change_of_a_deleted_message_cannot_be_undone(owner: User, plain_analysis: None) -> None:
    """A deletion empties the corrections, splits and joins of a message; they answer with the reason. Other changes can be undone."""
    conversation = talk(owner)
    one, *_, last = messages(conversation)
    other = recorder.edit_message(last.id, owner.pk, text="Other words.")
    words = recorder.edit_message(one.id, owner.pk, text="A secret zeppelin")
    second, split = recorder.split_message(one.id, 9, owner.pk)
    recorder.delete_message(conversation.id, one.id, owner.pk)
    assert "zeppelin" not in str(list(Change.objects.exclude(pk=other.change_id).values()))
    for change in (words.change_id, split.change_id):
        with pytest.raises(ChangeConflict, match="what it changed was deleted"):
            recorder.undo(change or 0, owner.pk)
    recorder.undo(other.change_id or 0, owner.pk)
    assert [message.text for message in messages(conversation)][-1] == last.text
    assert Message.objects.get(id=second).text == "zeppelin"
