"""Deleting messages, insights and the words of a member: nothing of the words is left, in any table or event."""

import json
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection

from insights import queries, recorder
from insights.analysis.trackers import Tracker
from insights.emptied import Gone
from insights.events import Kind
from insights.models import (
    Conversation,
    Deletion,
    Entity,
    Event,
    Insight,
    LiveSession,
    Member,
    Message,
    StoredAudio,
    Topic,
    TopicReference,
    TrackerMatch,
)
from insights.models.search import SEARCH_TEXT
from insights.recorder import (
    Assignee,
    BookmarkFields,
    ChangeConflict,
    InsightEdit,
    Joined,
    Listening,
    RecorderError,
    SpeakerIdentity,
    UnknownConversation,
    UnknownMember,
    UnknownMessage,
)
from insights.recorder.deletion import delete_parts, redact_stored
from streaming.protocols.symbl import View, render_event
from tests.insights.conftest import Say, opening, utterance

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "zeppelin"
TRACKERS = (Tracker("Ships", (SECRET, "budget")),)


def stored_text() -> str:
    """Return all rows of all tables as text."""
    rows = [row for model in apps.get_app_config("insights").get_models() for row in model._base_manager.all()]
    text = serializers.serialize("json", rows)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT text FROM {SEARCH_TEXT}")  # noqa: S608
            text += str(cursor.fetchall())
    return text.lower()


def rendered(conversation_id: int) -> list[dict[str, Any]]:
    """Return what a subscriber gets that replays everything."""
    events = queries.events_after(conversation_id, 0)
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    return [message for one in events for message in render_event(one.event, one.number, View(sentiment=True, entities=True))]


@pytest.fixture
def secret(say: Say, joined: Joined) -> Message:
    """A message with a secret in it, an insight and everything else, between two others; corrected once."""
    say("Is the budget ready?", trackers=TRACKERS)
    say(f"Will the {SECRET} land in London on Friday?", trackers=TRACKERS)
    say("Ada will call Bob tomorrow.", trackers=TRACKERS)
    message = Message.objects.get(text__contains=SECRET)
    insight = Insight.objects.filter(message=message)[0]
    recorder.review_insight(insight.id, "accepted", message.conversation.owner_id, f"The {SECRET}?")
    recorder.correct_message(message.id, f"Will the {SECRET} land in Paris on Friday?", message.conversation.owner_id)
    assert stored_text().count(SECRET) > 10
    return message


def test_nothing_is_left_of_a_deleted_message(secret: Message, joined: Joined, owner: User) -> None:
    """Its event numbers stay, empty; a replay shows it as deleted; all that others said is as before."""
    before = {one["id"]: one for response in rendered(joined.conversation_id) for one in response.get("messages", ())}
    last = Conversation.objects.get().last_event
    events = recorder.delete_message(joined.conversation_id, secret.id, owner.pk)
    assert SECRET not in stored_text()
    assert "paris" not in stored_text()
    assert [one.kind for one in events] == [Kind.INSIGHT_DELETED, Kind.MESSAGE_DELETED, Kind.TOPICS]
    assert [one.number for one in events] == [last + 1, last + 2, last + 3]
    mine = str(secret.id)
    shown = [one for response in rendered(joined.conversation_id) for one in response.get("messages", ())]
    theirs = {one["id"]: one for one in shown if one["id"] != mine}
    assert theirs == {key: value for key, value in before.items() if key != mine}
    deleted = [one for one in shown if one["id"] == mine]
    assert len(deleted) == 3, "stored, corrected, deleted"
    for one in deleted:
        assert one.keys() == before[mine].keys()
        assert (one["payload"]["content"], one["metadata"]["words"], one["metadata"]["originalContent"]) == ("", "[]", "")
        assert one["dismissed"] is True
        assert one["entities"] == []
    insights = [one for response in rendered(joined.conversation_id) for one in response.get("insights", ())]
    gone = [one for one in insights if one["messageReference"]["id"] == mine]
    assert len(gone) == 3, "found, reviewed, deleted"
    assert all(one["dismissed"] and one["text"] == "" for one in gone)
    conversation = Conversation.objects.get()
    assert (conversation.message_count, conversation.messages_left) == (3, 2)
    assert not queries.find(owner.pk, queries.parse_search(SECRET))
    assert Deletion.objects.get().item_id == secret.id
    with pytest.raises(UnknownMessage):
        recorder.delete_message(joined.conversation_id, secret.id, owner.pk)


def test_all_counts_follow(secret: Message, joined: Joined, owner: User, say: Say) -> None:
    """Figures, summary and topics are those of the messages that are left, also after the next one."""
    conversation = Conversation.objects.get()
    queries.talk_seconds(conversation)
    queries.summary_of(conversation)
    recorder.delete_message(joined.conversation_id, secret.id, owner.pk)
    conversation.refresh_from_db()
    spoken = sum(Message.objects.values_list("duration_s", flat=True))
    assert sum(queries.talk_seconds(conversation).values()) == pytest.approx(spoken)
    assert SECRET not in str(queries.summary_of(conversation))
    assert not TopicReference.objects.filter(message_id=secret.id).exists()
    assert not Topic.objects.filter(references=None).exists()
    say("The budget is ready.")
    assert SECRET not in stored_text()
    assert not TrackerMatch.objects.filter(message_id=secret.id).exists()
    assert not Entity.objects.filter(message_id=secret.id).exists()


def test_the_topics_of_a_deleted_message_are_sent_again(say: Say, joined: Joined, owner: User) -> None:
    """Those with other messages have these only; those without are dismissed, without their words."""
    say("The budget report of the zeppelin landing is ready.")
    say("The budget report is long.")
    said = Message.objects.get(text__contains=SECRET)
    known = {str(pk): text for pk, text in Topic.objects.filter(references__message=said).values_list("pk", "text")}
    events = recorder.delete_message(joined.conversation_id, said.id, owner.pk)
    (sent,) = (one for event in events for one in render_event(event.event, event.number, View()) if one["type"] == "topic_response")
    left = set(map(str, Topic.objects.values_list("pk", flat=True)))
    assert {one["id"] for one in sent["topics"]} == known.keys()
    assert known.keys() & left
    assert known.keys() - left
    for topic in sent["topics"]:
        references = {one["id"] for one in topic["messageReferences"]}
        if topic["id"] in left:
            other = {str(pk) for pk in Message.objects.filter(topics=topic["id"]).values_list("pk", flat=True)}
            assert (topic["phrases"], references, topic.get("dismissed")) == (known[topic["id"]], other, None)
        else:
            assert (topic["phrases"], topic["rootWords"], references, topic["dismissed"]) == ("", [], set(), True)
    recorder.delete_message(joined.conversation_id, Message.objects.get().id, owner.pk)
    replayed = [one for response in rendered(joined.conversation_id) for one in response.get("topics", ())]
    latest = {one["id"]: one for one in replayed}
    assert latest
    assert all(one["dismissed"] for one in latest.values())


def test_an_insight_is_deleted_and_its_message_stays(secret: Message, joined: Joined, owner: User) -> None:
    """Its texts are empty in all events; the words of its message are still there."""
    insight = Insight.objects.filter(message=secret)[0]
    recorder.delete_insight(joined.conversation_id, insight.id, owner.pk)
    assert f"the {SECRET}?" not in stored_text()
    assert Message.objects.get(id=secret.id).text.count(SECRET) == 1
    shown = [one for response in rendered(joined.conversation_id) for one in response.get("insights", ()) if one["id"] == str(insight.id)]
    assert [one["dismissed"] for one in shown] == [True, True, True]
    with pytest.raises(UnknownMessage):
        recorder.delete_insight(joined.conversation_id, insight.id, owner.pk)


def test_words_that_were_split_or_joined_are_deleted(say: Say, joined: Joined, owner: User) -> None:
    """The history of edits has no word left either, and an edit that has lost its states cannot be undone."""
    say("We like the budget and the zeppelin is late today.")
    whole = Message.objects.get()
    second, edited = recorder.split_message(whole.id, whole.text.index("the zeppelin"), owner.pk)
    recorder.correct_message(second, "The zeppelin is very late.", owner.pk)
    recorder.delete_message(joined.conversation_id, second, owner.pk)
    assert SECRET not in stored_text()
    assert Message.objects.get().text == "We like the budget and"
    assert edited.change_id is not None
    with pytest.raises(ChangeConflict):
        recorder.undo(edited.change_id, owner.pk)
    say("Another zeppelin came.")
    say("It is blue.")
    first = Message.objects.get(text__contains=SECRET)
    recorder.join_next(first.id, owner.pk)
    recorder.correct_message(first.id, "Nothing came. It is blue.", owner.pk)
    recorder.delete_message(joined.conversation_id, first.id, owner.pk)
    assert SECRET not in stored_text()
    assert "it is blue" not in stored_text()


def test_objects_of_other_conversations_are_unknown(secret: Message, owner: User) -> None:
    """The id of a message or insight of another conversation changes nothing."""
    other = recorder.open_conversation(opening(owner, "another room")).conversation_id
    with pytest.raises(UnknownMessage):
        recorder.delete_message(other, secret.id, owner.pk)
    with pytest.raises(UnknownMessage):
        recorder.delete_insight(other, Insight.objects.filter(message=secret)[0].id, owner.pk)
    with pytest.raises(UnknownConversation):
        recorder.delete_message(10**15, secret.id, owner.pk)
    assert SECRET in stored_text()


def test_the_words_of_one_member_are_deleted(secret: Message, joined: Joined, owner: User) -> None:
    """All messages of the person go, and the name; those of others stay."""
    assert joined.member is not None
    bob = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("bob@example.org", "Bob Kowalski"))).member
    assert bob is not None
    said = utterance("I like the budget.", joined.started_at)
    recorder.record(joined.conversation_id, said, Listening(member_id=bob.id))
    assert recorder.delete_words_of(joined.conversation_id, UUID(joined.member.id), owner.pk) == 3
    text = stored_text()
    assert SECRET not in text
    assert joined.member.user_id not in text
    assert Message.objects.get().text == "I like the budget."
    assert Member.objects.get().name == "Bob Kowalski"
    assert recorder.delete_words_of(joined.conversation_id, UUID(bob.id), owner.pk) == 1
    assert "kowalski" not in stored_text()
    with pytest.raises(UnknownMember):
        recorder.delete_words_of(joined.conversation_id, UUID(bob.id), owner.pk)


def test_who_was_merged_into_a_member_is_deleted_too(joined: Joined, owner: User) -> None:
    """Nothing that the person was called before is left, and no stored audio."""
    parts = []
    for person in (SpeakerIdentity("bob@example.org", "Bob Kowalski"), SpeakerIdentity("", "Bobby", "bobby@example.org")):
        part = recorder.open_conversation(opening(owner, speaker=person, audio_id=uuid4()))
        assert part.member is not None
        recorder.record(joined.conversation_id, utterance("I like the budget.", joined.started_at), Listening(member_id=part.member.id))
        parts.append(UUID(part.member.id))
    recorder.edit_member(joined.conversation_id, parts[1], owner.pk, name="Bobby Tables")
    recorder.merge_members(joined.conversation_id, parts[1], parts[0], owner.pk)
    assert recorder.delete_words_of(joined.conversation_id, parts[0], owner.pk) == 2
    text = stored_text()
    assert "kowalski" not in text
    assert "bobby" not in text
    assert Member.objects.get().name == "Ada"
    assert not StoredAudio.objects.exists()


def test_others_keep_what_they_said_of_a_deleted_member(joined: Joined, owner: User) -> None:
    """Their words stay; the address, the user id and the full name that was not said go, from edits and events too."""
    assert joined.member is not None
    bob = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("k-77", "Bob Kowalski", "bob@example.org"))).member
    assert bob is not None
    for at, text in enumerate(("Bob will send the report tomorrow.", "Please ask Bob about it.")):
        start = joined.started_at + timedelta(seconds=5 * at)
        recorder.record(joined.conversation_id, utterance(text, start), Listening(member_id=joined.member.id))
    recorder.correct_message(Message.objects.get(number=2).id, "Please ask Bob about the report.", owner.pk)
    by_name = InsightEdit(assignee=Assignee(name="bob@example.org"))
    task, _ = recorder.add_insight(Message.objects.get(number=2).id, owner.pk, "action_item", by_name)
    assert (task.assignee, task.assignee_name) == (None, "bob@example.org")
    mark = BookmarkFields("A mark", "", SpeakerIdentity("", "Bob", "bob@example.org"), 0.0, 1.0)
    recorder.add_bookmark(joined.conversation_id, mark, owner.pk)
    assert Entity.objects.filter(type="person", value__email="bob@example.org").count() == 2
    assert "bob@example.org" in str(list(Insight.objects.values_list("entities", flat=True)))
    recorder.delete_words_of(joined.conversation_id, UUID(bob.id), owner.pk)
    text = stored_text()
    for word in ("k-77", "kowalski", "bob@example.org"):
        assert word not in text
    assert [one.text for one in Message.objects.order_by("number")] == [
        "Bob will send the report tomorrow.",
        "Please ask Bob about the report.",
    ]
    assert {str(value) for value in Entity.objects.filter(type="person").values_list("value", flat=True)} == {
        str({"name": "Bob", "alias": "Bob"})
    }


@pytest.mark.parametrize("spoke", [True, False])
def test_a_deleted_member_who_is_connected_goes_on(joined: Joined, owner: User, spoke: bool) -> None:
    """What the person says from then on has no name, and the conversation ends with the session."""
    assert joined.member is not None
    session = LiveSession.objects.get()
    listening = Listening(member_id=joined.member.id, session_id=session.id)
    if spoke:
        recorder.record(joined.conversation_id, utterance("It is late.", joined.started_at), listening)
    recorder.delete_words_of(joined.conversation_id, UUID(joined.member.id), owner.pk)
    recorder.record(joined.conversation_id, utterance("It is early.", joined.started_at), listening)
    assert [(one.text, one.member) for one in Message.objects.all()] == [("It is early.", None)]
    assert [one.kind for one in recorder.leave(session.id, final=True)] == [Kind.CONVERSATION_COMPLETED]


def test_two_calls_delete_the_words_of_one_member(joined: Joined, say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another call deleted meanwhile is no error."""
    assert joined.member is not None
    say("It is late.")
    member, rewrite_all = UUID(joined.member.id), delete_parts.rewrite_all

    def beside_another(conversation_id: int, gone: Gone) -> int:
        monkeypatch.setattr(delete_parts, "rewrite_all", rewrite_all)
        recorder.delete_message(conversation_id, Message.objects.get().id, owner.pk)
        return rewrite_all(conversation_id, gone)

    monkeypatch.setattr(delete_parts, "rewrite_all", beside_another)
    recorder.delete_words_of(joined.conversation_id, member, owner.pk)
    assert not Member.objects.exists()


def test_stored_text_is_redacted(say: Say, joined: Joined, owner: User) -> None:
    """Names and numbers go from messages, words, insights, topics and all events; the rest is as before."""
    say("Is the budget ready?", trackers=TRACKERS)
    say("Please call Maria Lopez at 555 123 4567 about the budget.", trackers=TRACKERS)
    say("Maria Lopez will send it to maria@example.org tomorrow.")
    first, second, *_ = Message.objects.order_by("number")
    recorder.correct_message(second.id, "Please call Maria Lopez on 555 123 9999 about the budget.", owner.pk)
    recorder.redact_conversation(joined.conversation_id, owner.pk)
    text = re.sub(r"[0-9a-f-]{36}|\b\d{16}\b|\.\d{3}z", "", stored_text())  # ids and times may have the same digits
    for word in ("lopez", "4567", "9999", "maria@"):
        assert word not in text, text[max(0, text.index(word) - 400) :][:500]
    assert Message.objects.get(id=first.id).text == first.text
    redacted = Message.objects.get(id=second.id)
    assert redacted.text == "Please call **** on **** about the budget."
    assert "".join(one["word"] for one in redacted.words).count("****") >= 2
    match = TrackerMatch.objects.get(message=second, insight=None)
    assert redacted.text[match.offset : match.offset + len(match.text)] == match.text
    assert Conversation.objects.get().redaction == ""
    assert {entity.text for entity in Entity.objects.filter(message=second) if entity.type != "number"} >= {"****"}
    last = Event.objects.count()
    recorder.redact_conversation(joined.conversation_id, owner.pk)
    assert Event.objects.count() == last
    assert json.dumps(rendered(joined.conversation_id)).count("Lopez") == 0


def test_an_interrupted_redaction_is_continued(say: Say, joined: Joined, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash left is found by any process."""
    say("Please call Maria Lopez.")

    def crash(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("insights.recorder.deletion.redact_stored.rewrite_all", crash)
        with pytest.raises(KeyboardInterrupt):
            recorder.redact_conversation(joined.conversation_id, owner.pk)
    assert "lopez" in stored_text()
    recorder.continue_redactions()
    assert "lopez" not in stored_text()


def test_edits_during_a_redaction_hide_no_message_from_it(say: Say, joined: Joined, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joining two messages changes the numbers of later ones; an earlier edit cannot be undone any more."""
    for text in ("It is late.", "It is early.", "Please call Maria Lopez."):
        say(text)
    first, second, _ = Message.objects.order_by("number")
    edited = recorder.edit_message(second.id, owner.pk, text="It is very early.")
    assert edited.change_id is not None
    pauses: list[float] = []

    def edit(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            with pytest.raises(ChangeConflict):
                recorder.undo(edited.change_id or 0, owner.pk)
            recorder.join_next(first.id, owner.pk)

    monkeypatch.setattr(redact_stored, "MESSAGES", 2)
    monkeypatch.setattr(redact_stored, "time", SimpleNamespace(sleep=edit))
    recorder.redact_conversation(joined.conversation_id, owner.pk)
    assert len(pauses) > 1
    assert "lopez" not in stored_text()


@pytest.mark.parametrize("mask", ["[PII_PCI_ENTITY]", "REDACTED", "a name"])
def test_a_mask_may_have_letters(mask: str, say: Say, joined: Joined, owner: User) -> None:
    """Even where it reads like a name: a second redaction changes nothing."""
    say("My name is Maria Lopez.")
    say("Please call Maria Lopez at 555 123 4567 about the budget.")
    recorder.redact_conversation(joined.conversation_id, owner.pk, mask)
    texts = [f"My name is {mask}.", f"Please call {mask} at {mask} about the budget."]
    assert list(Message.objects.order_by("number").values_list("text", flat=True)) == texts
    assert "lopez" not in stored_text()
    last = Event.objects.count()
    recorder.redact_conversation(joined.conversation_id, owner.pk, mask)
    assert list(Message.objects.order_by("number").values_list("text", flat=True)) == texts
    assert Event.objects.count() == last


@pytest.mark.parametrize("mask", ["", " ", "*" * 33, "a\nb", "Maria Lopez", "555 123 4567"])
def test_a_refused_mask(mask: str, joined: Joined, owner: User) -> None:
    """It is visible, short, and no personal data itself."""
    with pytest.raises(RecorderError, match="redactionString"):
        recorder.redact_conversation(joined.conversation_id, owner.pk, mask)
