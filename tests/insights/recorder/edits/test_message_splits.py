"""Splitting and joining messages, and giving them to another member."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from insights import queries, recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation, Insight, Message, TrackerMatch
from insights.recorder import ChangeConflict, Joined, Listening, RecorderError
from tests.insights.conftest import Say, utterance

TEXT = "Ada will call the budget office"


def texts() -> list[str]:
    """Return the texts of all messages in order."""
    return [message.text for message in Message.objects.order_by("number")]


def test_a_split_shares_words_times_and_findings(joined: Joined, say: Say, owner: User) -> None:
    """Each part has its words, times, entities, insights and trackers; the second stands behind the first."""
    say(TEXT, trackers=(Tracker("Money", ("budget",)),))
    say("Later.")
    first = Message.objects.get(number=1)
    identity, edited = recorder.split_message(first.id, len("Ada will call "), owner.pk)
    one, two = Message.objects.filter(number__lte=2).order_by("number")
    assert texts() == ["Ada will call", "the budget office", "Later."]
    assert two.id == identity
    assert [[word["word"] for word in part.words] for part in (one, two)] == [["Ada", "will", "call"], ["the", "budget", "office"]]
    assert (one.started_at, one.ended_at) == (first.started_at, two.started_at)
    assert (two.ended_at, two.offset_s, two.duration_s) == (first.ended_at, pytest.approx(6.5, abs=0.002), pytest.approx(1.5, abs=0.002))
    assert [entity.text for entity in one.entities.all()] == ["Ada"]
    assert list(Insight.objects.values_list("message", flat=True)) == [one.id]
    match = TrackerMatch.objects.get(insight=None)
    assert (match.message_id, match.offset) == (two.id, two.text.index("budget"))
    assert Conversation.objects.get().message_count == 3
    told = [(event.kind, event.payload["message"]["text"], event.payload.get("behind")) for event in edited.events]
    assert told == [("message_corrected", "Ada will call", None), ("message_corrected", "the budget office", str(one.id))]
    assert [event.payload["message"]["number"] for event in edited.events] == [1, 2]


def test_a_join_appends_the_next_message_of_the_speaker(joined: Joined, say: Say, owner: User) -> None:
    """Words and findings of the second are kept; others may have spoken in between; the second is dismissed."""
    say("The budget", trackers=(Tracker("Money", ("budget",)),))
    say("Yes.", member_id=None)
    say("is it ready? Budget?", trackers=(Tracker("Money", ("budget",)),))
    first, second = Message.objects.get(number=1), Message.objects.get(number=3)
    edited = recorder.join_next(first.id, owner.pk)
    first.refresh_from_db()
    assert texts() == ["The budget is it ready?", "Yes.", "Budget?"]
    assert [word["word"] for word in first.words] == ["The", "budget", "is", "it", "ready?"]
    assert (first.ended_at, first.duration_s) == (second.ended_at, 11.5)
    assert first.original_text == ""
    assert [(event.kind, event.payload.get("message", {}).get("text")) for event in edited.events] == [
        ("message_corrected", "The budget is it ready?"),
        ("insight_reviewed", None),
        ("message_deleted", ""),
    ]
    recorder.join_next(first.id, owner.pk)
    offsets = TrackerMatch.objects.filter(message=first, insight=None).order_by("offset").values_list("offset", flat=True)
    assert list(offsets) == [4, 24]
    assert set(Insight.objects.values_list("message", flat=True)) == {first.id}


def test_a_corrected_message_keeps_what_was_recognised(joined: Joined, say: Say, owner: User) -> None:
    """A split and a join of corrected messages keep the recognised words as original text."""
    say("Eda will call the bucket office")
    first = Message.objects.get()
    recorder.edit_message(first.id, owner.pk, text=TEXT)
    second, _ = recorder.split_message(first.id, len("Ada will call "), owner.pk)
    assert list(Message.objects.order_by("number").values_list("original_text", flat=True)) == ["Eda will call", "the bucket office"]
    recorder.join_next(first.id, owner.pk)
    first.refresh_from_db()
    assert (first.text, first.original_text) == (TEXT, "Eda will call the bucket office")
    assert not Message.objects.filter(id=second).exists()


def test_what_cannot_be_split_or_joined_is_refused(joined: Joined, say: Say, owner: User) -> None:
    """The errors say what is allowed, and nothing changes."""
    say("One.")
    message = Message.objects.get()
    for offset in (-1, 0, 4, 99):
        with pytest.raises(RecorderError, match="offset: must leave text on both sides; the message has 4 characters"):
            recorder.split_message(message.id, offset, owner.pk)
    say("Two.", member_id=None)
    late = utterance("Three.", message.ended_at + timedelta(seconds=61))
    recorder.record(joined.conversation_id, late, Listening(member_id=message.member_id))
    with pytest.raises(ChangeConflict, match="within 60 s"):
        recorder.join_next(message.id, owner.pk)
    assert texts() == ["One.", "Two.", "Three."]


def test_topics_and_figures_follow_edits(joined: Joined, say: Say, owner: User) -> None:
    """Talk time and the topics of later messages count the present messages."""
    say("The budget report is long. Fine.")
    say("The budget report is short.", member_id=None)
    conversation = Conversation.objects.get()
    before = queries.talk_seconds(conversation)
    ada = next(iter(queries.members_of(conversation)))
    moved = Message.objects.get(number=3)
    recorder.edit_message(moved.id, owner.pk, member_id=ada.id)
    recorder.split_message(moved.id, 10, owner.pk)
    say("The budget report is here.")
    conversation.refresh_from_db()
    talk = queries.talk_seconds(conversation)
    assert set(talk) == {ada.id}
    assert talk[ada.id] == pytest.approx(sum(before.values()) + 2.5)
    assert texts()[2:] == ["The budget", "report is short.", "The budget report is here."]
