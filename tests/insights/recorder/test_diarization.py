"""Several speakers in one audio source: their members, corrections by later recognition, and what people decide."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import queries, recorder
from insights.events import ConversationCompleted, MemberJoined, MessageCorrected, MessagesStored
from insights.models import Change, Conversation, Diarization, Insight, LiveSession, Member, Message, Speaker
from insights.recorder import Joined, NamedSpeaker, Scope, SpeakerIdentity, StoredEvent, Voice, VoiceSpan, record_results
from insights.recorder.analyse import Rows
from tests.insights.conftest import Say, opening, utterance

ADA = SpeakerIdentity("ada@example.org", "Ada")


@pytest.fixture
def diarized(owner: User) -> Joined:
    """Return the joined session of a microphone that Ada put on the table."""
    return recorder.open_conversation(opening(owner, speaker=ADA, several_speakers=True))


@pytest.fixture
def joined(diarized: Joined) -> Joined:
    """Let the fixtures of other tests use the same session."""
    return diarized


def source_of(joined: Joined) -> UUID:
    """Return the id of the audio source."""
    assert joined.diarized is not None
    return joined.diarized.id


def names() -> list[str]:
    """Return the names of the speakers of all messages, in order."""
    return [str(message.member) for message in Message.objects.select_related("speaker__member").order_by("number")]


def kinds(events: list[StoredEvent]) -> list[type]:
    """Return the classes of events."""
    return [type(stored.event) for stored in events]


def test_each_voice_is_a_member(diarized: Joined, say: Say) -> None:
    """Voices are members called Speaker 1, Speaker 2; their first message comes behind the event of the member."""
    source = source_of(diarized)
    first = say("It is late.", voice=Voice(source, 0))
    assert kinds(first)[:2] == [MemberJoined, MessagesStored]
    assert MemberJoined not in kinds(say("It is early.", voice=Voice(source, 0)))
    say("It is time.", voice=Voice(source, 1))
    assert names() == ["Speaker 1", "Speaker 1", "Speaker 2"]
    event = first[1].event
    assert isinstance(event, MessagesStored)
    assert event.messages[0].member is not None
    assert event.messages[0].member.id == str(Member.objects.get(name="Speaker 1").id)
    conversation = Conversation.objects.get()
    assert {str(one) for one in queries.members_of(conversation)} == {"Ada", "Speaker 1", "Speaker 2"}
    assert queries.recognised_until(conversation, "ada@example.org") == Message.objects.get(number=3).ended_at, "it is Ada's audio"


def test_a_taken_name_is_left_out(diarized: Joined, say: Say) -> None:
    """A member who is called Speaker 1 already stays another person."""
    Member.objects.create(conversation_id=diarized.conversation_id, name="Speaker 1")
    say("I will send the report.", voice=Voice(source_of(diarized), 0))
    assert names() == ["Speaker 2"]
    assert {one.assignee_name for one in Insight.objects.exclude(assignee=None)} <= {"Speaker 2"}


def test_overlap_is_stored(diarized: Joined) -> None:
    """A message in which another person speaks, too, is marked in its row and in its event."""
    at = diarized.started_at
    spoken = utterance("It is late.", at)
    events = recorder.record(
        diarized.conversation_id,
        recorder.Utterance(spoken.text, spoken.words, 0.9, spoken.start, spoken.end, overlap=True),
        recorder.Listening(voice=Voice(source_of(diarized), 0)),
    )
    (stored,) = [one.event for one in events if isinstance(one.event, MessagesStored)]
    assert stored.messages[0].overlap
    assert Message.objects.get().overlap
    assert queries.events_after(diarized.conversation_id, 0)[-len(events) :] == events


def test_later_recognition_corrects_messages(diarized: Joined, say: Say) -> None:
    """A message gets the voice that speaks in more than half of it, by an event without a person; a new voice is a new member."""
    source = source_of(diarized)
    for text in ("It is late.", "It is early.", "It is time."):
        say(text, voice=Voice(source, 0))
    events = recorder.correct_voices(source, [VoiceSpan(10.0, 11.5, 1), VoiceSpan(15.0, 15.5, 2)])
    assert names() == ["Speaker 1", "Speaker 2", "Speaker 1"]
    (joined_now, corrected) = [stored.event for stored in events]
    assert isinstance(joined_now, MemberJoined)
    assert isinstance(corrected, MessageCorrected)
    assert (corrected.message.text, corrected.changed_by) == ("It is early.", "")
    assert not Change.objects.exists(), "nobody can undo it"
    assert queries.events_after(diarized.conversation_id, events[0].number - 1) == events
    assert recorder.correct_voices(source, [VoiceSpan(10.0, 11.5, 1)]) == []


def test_the_second_pass_gives_every_message_its_longest_voice(diarized: Joined, say: Say) -> None:
    """With the spans of the whole, a voice needs no majority; overlap is marked anew."""
    source = source_of(diarized)
    say("It is late.", voice=Voice(source, 0))
    spans = [VoiceSpan(5.0, 5.6, 3, overlap=True), VoiceSpan(5.2, 5.4, 0, overlap=True)]
    recorder.correct_voices(source, spans, whole=True)
    message = Message.objects.select_related("speaker").get()
    assert (message.speaker.voice, message.voice, message.overlap) == (3, 3, True)


def test_a_message_of_two_voices_is_split(diarized: Joined, say: Say) -> None:
    """A turn whose voices were known too late is split at the word where the voice changes; the second part stands behind the first."""
    source = source_of(diarized)
    say("Can you hear me now yes I can.", voice=Voice(source, 0))
    spans = [VoiceSpan(5.0, 7.5, 0), VoiceSpan(7.5, 9.0, 1)]
    events = recorder.split_by_voices(source, spans)
    assert [one.event.message.text for one in events if isinstance(one.event, MessageCorrected)] == ["Can you hear me now", "yes I can."]
    assert isinstance(events[-1].event, MessageCorrected)
    assert events[-1].event.behind == str(Message.objects.get(number=1).id)
    recorder.correct_voices(source, spans)
    assert names() == ["Speaker 1", "Speaker 2"]
    assert recorder.split_by_voices(source, spans) == []
    assert recorder.split_by_voices(source, spans[:1]) == []


def test_insights_follow_their_message(diarized: Joined, say: Say, owner: User) -> None:
    """What the wrong speaker promised is promised by the right one, and both have the new name in the event."""
    source = source_of(diarized)
    say("It is late.", voice=Voice(source, 0))
    say("I will send the report.", voice=Voice(source, 1))
    insight = Insight.objects.get()
    Insight.objects.update(assignee=Member.objects.get(name="Speaker 2"), assignee_name="Speaker 2")
    recorder.correct_voices(source, [VoiceSpan(10.0, 12.5, 0)])
    insight.refresh_from_db()
    assert insight.assignee_name == "Speaker 1"
    conversation = Conversation.objects.get()
    assert {str(row.message.member) for row in queries.insights_of(conversation)} == {"Speaker 1"}
    assert set(queries.talk_seconds(conversation)) == {Member.objects.get(name="Speaker 1").id}


def test_a_voice_that_turned_out_to_be_another_is_forgotten(diarized: Joined, say: Say, owner: User) -> None:
    """A speaker whose messages all went to others leaves the list of members; one whom somebody named stays."""
    source = source_of(diarized)
    for voice in (0, 1, 2):
        say("It is late.", voice=Voice(source, voice))
    recorder.edit_member(diarized.conversation_id, Member.objects.get(name="Speaker 3").id, owner.pk, name="Ben")
    recorder.correct_voices(source, [VoiceSpan(0, 99, 0)], whole=True)
    recorder.forget_silent_voices(source)
    assert set(Member.objects.values_list("name", flat=True)) == {"Ada", "Speaker 1", "Ben"}
    say("It is time.", voice=Voice(source, 1))
    assert names()[-1] == "Speaker 3"


@pytest.mark.django_db(transaction=True)
def test_a_voice_that_is_forgotten_while_its_next_turn_is_analysed(diarized: Joined, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn is stored, with the voice as a new speaker."""
    source = source_of(diarized)
    for voice in (0, 1):
        say("It is late.", voice=Voice(source, voice))
    recorder.correct_voices(source, [VoiceSpan(0, 99, 0)], whole=True)
    analyse = record_results.rows

    def slow(*args: Any) -> Rows:
        recorder.forget_silent_voices(source)
        return analyse(*args)

    monkeypatch.setattr(record_results, "rows", slow)
    say("It is time.", voice=Voice(source, 1))
    assert [one.text for one in Message.objects.order_by("number")] == ["It is late.", "It is late.", "It is time."]
    assert names() == ["Speaker 1", "Speaker 1", "Speaker 2"]


def test_what_people_say_is_kept(diarized: Joined, say: Say, owner: User) -> None:
    """A message that a person gave to somebody, by any edit, is corrected no more; undoing the edit makes it free again."""
    source = source_of(diarized)
    for voice in (0, 0, 1):
        say("It is late.", voice=Voice(source, voice))
    first, second, third = Message.objects.order_by("number")
    edited = recorder.assign_speaker(first.id, owner.pk, NamedSpeaker(name="Ben"), Scope.MESSAGE)
    recorder.edit_message(second.id, owner.pk, member_id=Member.objects.get(name="Speaker 2").id)
    recorder.correct_voices(source, [VoiceSpan(0, 99, 5)], whole=True)
    assert names() == ["Ben", "Speaker 2", "Speaker 3"]
    assert edited.change_id is not None
    recorder.undo(edited.change_id, owner.pk)
    assert names()[0] == "Speaker 1"
    recorder.correct_voices(source, [VoiceSpan(0, 99, 5)], whole=True)
    assert names() == ["Speaker 3", "Speaker 2", "Speaker 3"]


def test_a_name_and_a_merge_hold_for_later_messages(diarized: Joined, say: Say, owner: User) -> None:
    """A voice that was named or merged keeps that member, also in corrections."""
    source = source_of(diarized)
    for voice in (0, 1):
        say("It is late.", voice=Voice(source, voice))
    one, two = (Member.objects.get(name=f"Speaker {number}") for number in (1, 2))
    recorder.edit_member(diarized.conversation_id, one.id, owner.pk, name="Ben")
    recorder.merge_members(diarized.conversation_id, two.id, one.id, owner.pk)
    say("It is late.", voice=Voice(source, 1))
    assert names() == ["Ben", "Ben", "Ben"]
    choices = queries.voice_choices(diarized.conversation_id, source)
    assert choices.members == {0: one.id, 1: one.id}
    assert (choices.chosen, choices.others) == ((), {0: 1, 1: 2})


def test_the_choices_of_people(diarized: Joined, say: Say, owner: User) -> None:
    """A message that a person gave to a member is found with its time, its voice and this member."""
    source = source_of(diarized)
    say("It is late.", voice=Voice(source, 4))
    message = Message.objects.get()
    recorder.assign_speaker(message.id, owner.pk, NamedSpeaker(name="Ben"), Scope.ALL)
    (chosen,) = queries.voice_choices(diarized.conversation_id, source).chosen
    assert (chosen.id, chosen.start, chosen.end, chosen.voice) == (message.id, 5.0, 6.5, 4)
    assert chosen.member_id == Member.objects.get(name="Ben").id


def test_a_voice_that_becomes_a_member(diarized: Joined, say: Say) -> None:
    """A voice gets another member from its next message on, and so does one that said nothing so far."""
    source = source_of(diarized)
    ben = Member.objects.create(conversation_id=diarized.conversation_id, name="Ben")
    say("It is late.", voice=Voice(source, 0))
    for voice in (0, 1):
        recorder.name_voice(source, voice, ben.id)
        say("It is late.", voice=Voice(source, voice))
    assert names() == ["Ben", "Ben", "Ben"]
    recorder.name_voice(source, 2, uuid4())
    assert Speaker.objects.count() == 2


def test_a_session_continues_the_audio_source_of_its_member(diarized: Joined, owner: User) -> None:
    """After a crash the same person goes on with the state that was stored last."""
    recorder.store_voices(source_of(diarized), b"voices")
    again = recorder.open_conversation(opening(owner, speaker=ADA, several_speakers=True))
    assert again.diarized == recorder.Diarized(source_of(diarized), diarized.started_at, b"voices")
    assert recorder.open_conversation(opening(owner, speaker=ADA)).diarized is None
    other = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("ben", "Ben"), several_speakers=True))
    assert other.diarized is not None
    assert other.diarized.id != source_of(diarized)


def test_a_session_without_a_member_continues_one_that_is_over(owner: User) -> None:
    """Two unnamed sessions at the same time are two audio sources; one after the other is the same."""
    first = recorder.open_conversation(opening(owner, session_id=uuid4(), several_speakers=True))
    second = recorder.open_conversation(opening(owner, several_speakers=True))
    assert source_of(first) != source_of(second)
    LiveSession.objects.filter(id=Diarization.objects.get(id=source_of(first)).session_id).delete()
    assert source_of(recorder.open_conversation(opening(owner, several_speakers=True))) == source_of(first)


def test_the_state_is_encrypted(diarized: Joined, owner: User, settings: Any) -> None:
    """The table does not hold the state in clear; with another SECRET_KEY it is not readable, and the voices get new numbers."""
    recorder.store_voices(source_of(diarized), b"voices")
    assert b"voices" not in bytes(Diarization.objects.get().state)
    settings.SECRET_KEY = "k" * 50
    again = recorder.open_conversation(opening(owner, speaker=ADA, several_speakers=True))
    assert again.diarized == recorder.Diarized(source_of(diarized), diarized.started_at)


def test_the_end_of_an_import_forgets_the_voices(owner: User) -> None:
    """Also if the conversation was over before and nothing was said later."""
    begun = timezone.now()
    conversation = recorder.open_import(recorder.ImportOpening(owner_id=owner.pk, started_at=begun))
    for _ in range(2):
        source = recorder.diarize_import(conversation.id, uuid4(), None)
        recorder.store_voices(source.id, b"voices")
        recorder.end_import(conversation.id, begun)
        assert {bytes(one.state) for one in Diarization.objects.all()} == {b""}


def test_the_end_forgets_the_voices(owner: User) -> None:
    """When the conversation ends, nothing that describes a voice is left."""
    wanted = opening(owner, speaker=ADA, several_speakers=True)
    joined = recorder.open_conversation(wanted)
    recorder.store_voices(source_of(joined), b"voices")
    (event,) = recorder.leave(wanted.session_id, final=True)
    assert isinstance(event.event, ConversationCompleted)
    assert bytes(Diarization.objects.get().state) == b""
