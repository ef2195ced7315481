"""The speakers of messages, and what changes when a speaker points to another member."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from insights import queries, recorder
from insights.events import MessagesStored
from insights.models import Conversation, Member, Message, Speaker
from insights.recorder import Joined, StoredEvent, record_results
from insights.snapshots import MemberSnapshot, MessageSnapshot
from tests.insights.conftest import Say, opening, utterance


def messages(events: list[StoredEvent]) -> list[MessageSnapshot]:
    """Return the messages of the events."""
    return [message for stored in events if isinstance(stored.event, MessagesStored) for message in stored.event.messages]


def numbers() -> list[int]:
    """Return the numbers of the speakers of all messages, in order."""
    return list(Message.objects.order_by("number").values_list("speaker__number", flat=True))


def test_one_speaker_for_each_audio_source(joined: Joined, owner: User, say: Say) -> None:
    """Each session is an audio source, also two sessions of one member or of no member."""
    one, two, three, four = (uuid4() for _ in range(4))
    for session, member in ((one, joined.member), (two, joined.member), (one, joined.member), (three, None), (four, None), (three, None)):
        say("It is late.", session_id=session, member_id=member.id if member else None)
    assert numbers() == [1, 2, 1, 3, 4, 3]
    said = Message.objects.select_related("speaker__member").order_by("number")
    assert [str(message.member) for message in said] == ["Ada", "Ada", "Ada", "None", "None", "None"]


def test_a_restart_with_another_name_is_another_source(joined: Joined, owner: User, say: Say) -> None:
    """A stop and a start with another name on one connection make a second speaker."""
    ben = recorder.open_conversation(opening(owner, speaker=recorder.SpeakerIdentity("b", "Ben"))).member
    assert ben is not None
    session = uuid4()
    for member in ({}, {"member_id": ben.id}, {}):
        say("It is late.", session_id=session, **member)
    assert numbers() == [1, 2, 1]


def test_without_a_session_one_speaker_for_each_member(joined: Joined, say: Say) -> None:
    """Notes and imports have no session, and one speaker for each member."""
    for member in ({}, {"member_id": None}, {}, {"member_id": None}):
        say("It is late.", **member)
    assert numbers() == [1, 2, 1, 2]


def test_events_have_the_speaker(joined: Joined, owner: User, say: Say) -> None:
    """Events of new and corrected messages have the speaker and its current member."""
    (said,) = messages(say("It is late.", session_id=uuid4()))
    speaker = Speaker.objects.get()
    assert said.speaker is not None
    assert (said.speaker.id, said.speaker.number, said.member) == (str(speaker.id), 1, joined.member)
    (corrected,) = recorder.correct_message(Message.objects.get().id, "It is early.", owner.pk)
    assert corrected.payload["message"]["speaker"] == {"id": str(speaker.id), "number": 1}  # type: ignore[index,call-overload]
    assert queries.events_after(joined.conversation_id, corrected.number - 1) == [corrected]


def test_a_speaker_keeps_its_new_member(joined: Joined, say: Say) -> None:
    """Earlier and later messages, insights and figures are those of the new member, whatever the session says."""
    conversation = Conversation.objects.get()
    ben = Member.objects.create(conversation=conversation, name="Ben", user_id="b")
    session = uuid4()
    say("Who can send the report?", session_id=session)
    Speaker.objects.update(member=ben)
    (said,) = messages(say("Who can send the letter?", session_id=session))
    assert said.member == MemberSnapshot(str(ben.id), "Ben", "b")
    assert numbers() == [1, 1]
    members = queries.members_by_speaker(conversation)
    assert {members[row.speaker] for batch in queries.spoken_in(conversation) for row in batch} == {ben}
    assert {row.message.member for row in queries.insights_of(conversation)} == {ben}
    conversation.refresh_from_db()
    assert set(queries.talk_seconds(conversation)) == {ben.id}
    assert queries.recognised_until(conversation, "b") == Message.objects.get(number=2).ended_at


def test_the_speaker_takes_one_query_once(joined: Joined, say: Say, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """The first utterance of a speaker takes four reading queries, and later ones take three."""
    session = uuid4()
    listening = recorder.Listening(member_id=joined.member.id if joined.member else None, session_id=session)
    with django_assert_num_queries(4):
        record_results._context(joined.conversation_id, listening)
    say("It is late.", session_id=session)
    with django_assert_num_queries(3):
        context = record_results._context(joined.conversation_id, listening)
        assert str(context.speaker.member) == str(context.before[0].member) == "Ada"


def test_an_utterance_that_is_stored_twice_makes_no_second_speaker(joined: Joined, plain_analysis: None) -> None:
    """A retry after a lost connection during the commit makes no second speaker."""
    listening = recorder.Listening(session_id=uuid4())
    said = utterance("It is late.", joined.started_at + timedelta(seconds=1))
    first = recorder.record(joined.conversation_id, said, listening)
    assert recorder.record(joined.conversation_id, said, listening) == first
    assert Speaker.objects.count() == 1
