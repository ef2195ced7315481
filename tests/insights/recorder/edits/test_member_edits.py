"""Renaming and merging members, and speaker events."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import queries, recorder
from insights.models import Conversation, Insight, Member, Message, Speaker
from insights.recorder import (
    ChangeConflict,
    Joined,
    Listening,
    NamedSpeaker,
    RecorderError,
    SpeakerEvent,
    SpeakerIdentity,
    StoredEvent,
    UnknownMember,
)
from insights.recorder.edits import change_events
from tests.insights.conftest import Say, opening, utterance


def named(name: str) -> Member:
    """Return the member of this name."""
    return Member.objects.get(name=name)


def kinds(events: list[StoredEvent]) -> list[str]:
    """Return the kinds of events."""
    return [event.kind for event in events]


@pytest.fixture
def ben(joined: Joined, owner: User, say: Say) -> Member:
    """Return Ben, who said something behind two messages of Ada."""
    say("Is it good?")
    say("Ada will call tomorrow.")
    ben = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("ben", "Ben"))).member
    assert ben is not None
    recorder.record(joined.conversation_id, utterance("Ben will call.", joined.started_at), Listening(member_id=ben.id))
    return Member.objects.get(id=ben.id)


def test_a_new_name_reaches_messages_and_insights(ben: Member, joined: Joined, owner: User) -> None:
    """One event for the member, and one with each message and insight of the member; tags have the new name, too."""
    edited = recorder.edit_member(joined.conversation_id, ben.id, owner.pk, name="Benedict", email="ben@example.org")
    assert kinds(edited.events) == ["member_changed", "message_corrected", "insight_reviewed"]
    member, message, insight = (event.payload for event in edited.events)
    assert (member["member"]["name"], member["member"]["email"], member["changedBy"]) == ("Benedict", "ben@example.org", "owner")
    assert message["message"]["member"]["name"] == "Benedict"
    assert insight["insight"]["assignee"]["name"] == "Benedict"
    assert insight["insight"]["tags"][0]["value"]["value"] == {
        "id": str(ben.id),
        "name": "Benedict",
        "userId": "ben",
        "alias": "Ben",
        "assignee": True,
    }


def test_invalid_members_are_refused(ben: Member, joined: Joined, owner: User) -> None:
    """Unknown members, empty names, and the name of another member of the same kind."""
    with pytest.raises(UnknownMember):
        recorder.edit_member(joined.conversation_id, uuid4(), owner.pk, name="x")
    with pytest.raises(RecorderError, match="name: at least one visible"):
        recorder.edit_member(joined.conversation_id, ben.id, owner.pk, name=" ")
    plain = [recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("", name))).member for name in ("Zoe", "Cleo")]
    assert plain[0] is not None
    with pytest.raises(ChangeConflict, match="merge the two"):
        recorder.edit_member(joined.conversation_id, plain[0].id, owner.pk, name="Cleo")  # type: ignore[arg-type]


def test_a_merged_member_speaks_as_the_other(ben: Member, joined: Joined, owner: User) -> None:
    """Messages, assignments and later speech become the other member's; lists and new connections know one member."""
    ada = named("Ada")
    edited = recorder.merge_members(joined.conversation_id, ben.id, ada.id, owner.pk)
    assert set(kinds(edited.events)) == {"message_corrected", "insight_reviewed"}
    conversation = Conversation.objects.get()
    assert list(queries.members_of(conversation)) == [ada]
    assert set(Speaker.objects.values_list("member", flat=True)) == {ada.id}
    assert set(Insight.objects.exclude(assignee=None).values_list("assignee", flat=True)) == {ada.id}
    recorder.record(conversation.id, utterance("And more.", joined.started_at), Listening(member_id=ben.id, session_id=uuid4()))
    last = Message.objects.select_related("speaker").order_by("number").last()
    assert last is not None
    assert last.member_id == ada.id
    again = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("ben", "Ben"))).member
    assert again is not None
    assert again.id == str(ada.id)
    assert queries.recognised_until(conversation, "ben") is not None
    assert edited.change_id is not None
    recorder.undo(edited.change_id, owner.pk)
    assert set(queries.members_of(conversation)) == {ada, ben}
    assert Message.objects.get(text="Ben will call.").speaker.member == ben


def test_speaker_events_give_messages_to_members(joined: Joined, say: Say, owner: User) -> None:
    """Who spoke longest during a message said it; new people become members; other messages keep their speaker."""
    say("One two three four.", member_id=None)  # from 5 s to 7 s
    say("Five six.")  # from 10 s to 11 s, Ada
    say("Ada will do it.")  # from 15 s to 17 s, Ada
    ada, cleo = NamedSpeaker(str(named("Ada").id)), NamedSpeaker("c", "Cleo", "cleo@example.org")
    events = [
        SpeakerEvent(True, ada, 4.5),
        SpeakerEvent(True, cleo, 5.5),
        SpeakerEvent(False, ada, 6),
        SpeakerEvent(False, NamedSpeaker("c"), 8),
        SpeakerEvent(True, cleo, 14),
    ]
    edited = recorder.attribute_speakers(joined.conversation_id, events, owner.pk)
    said = [(message.text, str(message.member)) for message in Message.objects.order_by("number")]
    assert said == [("One two three four.", "Cleo"), ("Five six.", "Ada"), ("Ada will do it.", "Cleo")]
    assert kinds(edited.events) == ["member_joined", "message_corrected", "message_corrected", "insight_reviewed"]
    assert str(Insight.objects.get().assignee) == "Cleo"
    assert recorder.attribute_speakers(joined.conversation_id, events, owner.pk).events == []


def test_events_without_a_start_or_a_person_are_refused(joined: Joined, owner: User) -> None:
    """The error names the event."""
    ben = NamedSpeaker("", "Ben")
    for events, error in (
        ([SpeakerEvent(True, ben, 1), SpeakerEvent(False, ben, 0.5)], "speakerEvents.1: stopped_speaking needs"),
        ([SpeakerEvent(True, NamedSpeaker(), 1)], "speakerEvents.0.user: id, name or email"),
        ([SpeakerEvent(True, NamedSpeaker("\x00", "\u202e"), 1)], "with visible characters"),
    ):
        with pytest.raises(RecorderError, match=error):
            recorder.attribute_speakers(joined.conversation_id, events, owner.pk)
    assert Member.objects.count() == 1


def test_a_large_edit_sends_the_latest_again(joined: Joined, say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of messages, the ids of all are in an event without words; the latest come again in order."""
    monkeypatch.setattr(change_events, "MOST_SENT_AGAIN", 2)
    for number in range(4):
        say(f"Number {number}.")
    ids = [str(one) for one in Message.objects.order_by("number").values_list("id", flat=True)]
    moved, *again = recorder.attribute_speakers(
        joined.conversation_id, [SpeakerEvent(True, NamedSpeaker("c", "Cleo"), 0)], owner.pk
    ).events[1:]
    assert (moved.kind, moved.payload["member"]["name"], moved.payload["messageIds"]) == ("messages_moved", "Cleo", ids)
    assert [event.payload["message"]["id"] for event in again] == ids[2:]
    renamed = recorder.edit_member(joined.conversation_id, named("Cleo").id, owner.pk, name="Zoe")
    assert kinds(renamed.events) == ["member_changed", "message_corrected", "message_corrected"]
