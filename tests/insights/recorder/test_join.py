"""Joining and starting conversations."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from insights import recorder
from insights.events import MemberJoined
from insights.models import Conversation, LiveSession, Member
from insights.recorder import ConversationBusy, SpeakerIdentity
from insights.recorder import join as module
from tests.insights.conftest import opening


def test_the_first_opening_starts_a_conversation(owner: User) -> None:
    """The first session creates a conversation with a 16-digit id, and its first event says so."""
    joined = recorder.open_conversation(opening(owner, name="Weekly"))
    assert joined.created
    assert len(str(joined.conversation_id)) == 16
    assert joined.conversation_id < 2**53
    assert [(event.number, event.kind) for event in joined.events] == [(1, "conversation_created")]
    assert joined.events[0].payload["name"] == "Weekly"
    assert joined.member is None


def test_name_defaults_to_the_id(owner: User) -> None:
    """The name of a conversation without a title is its id."""
    joined = recorder.open_conversation(opening(owner))
    assert Conversation.objects.get().name == str(joined.conversation_id)


def test_a_second_opening_joins(owner: User) -> None:
    """The same connection id and owner give the same conversation with another member."""
    first = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("a", "Ada")))
    second = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("b", "Ben")))
    assert second.conversation_id == first.conversation_id
    assert not second.created
    assert [event.kind for event in second.events] == ["member_joined"]
    assert second.cursor == 3
    assert second.events[0].event == MemberJoined(second.member)


def test_connection_ids_belong_to_their_owner(owner: User, other_owner: User) -> None:
    """Two owners with one connection id get two conversations."""
    assert recorder.open_conversation(opening(owner)).conversation_id != recorder.open_conversation(opening(other_owner)).conversation_id


@pytest.mark.parametrize(
    "speaker", [SpeakerIdentity("u1", "Ada"), SpeakerIdentity("", "Ada", "ada@example.org"), SpeakerIdentity("", "Ada")]
)
def test_a_returning_speaker_is_the_same_member(owner: User, speaker: SpeakerIdentity) -> None:
    """User id, else address, else name identifies a member; rejoining is no event."""
    first = recorder.open_conversation(opening(owner, speaker=speaker))
    again = recorder.open_conversation(opening(owner, speaker=speaker))
    assert again.member == first.member
    assert again.events == []
    assert Member.objects.count() == 1


def test_a_later_name_is_stored(owner: User) -> None:
    """A member known by user id alone gets the name of a later session, with an event."""
    recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("u1")))
    again = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("u1", "Ada")))
    assert [event.payload["member"]["name"] for event in again.events] == ["Ada"]
    assert Member.objects.get().name == "Ada"


def test_an_empty_speaker_makes_no_member(owner: User) -> None:
    """An empty speaker object makes no member."""
    assert recorder.open_conversation(opening(owner, speaker=SpeakerIdentity(" ", ""))).member is None


def test_rejoining_cancels_the_end(owner: User) -> None:
    """A conversation that waits for its end stays live when a session joins."""
    joined = recorder.open_conversation(opening(owner))
    Conversation.objects.update(closes_at=timezone.now() + timedelta(seconds=5))
    assert recorder.open_conversation(opening(owner)).conversation_id == joined.conversation_id
    assert Conversation.objects.get().closes_at is None


def test_an_ended_conversation_is_not_joined(owner: User) -> None:
    """After the end the same connection id starts a new conversation."""
    session = uuid4()
    first = recorder.open_conversation(opening(owner, session_id=session))
    recorder.leave(session, final=True)
    assert recorder.open_conversation(opening(owner)).conversation_id != first.conversation_id


def test_one_session_may_open_again(owner: User) -> None:
    """Stop and start on one socket keep one session."""
    session = uuid4()
    recorder.open_conversation(opening(owner, session_id=session))
    recorder.open_conversation(opening(owner, session_id=session, speaker=SpeakerIdentity("a", "Ada"), keep_s=9))
    assert [(live.id, live.keep_s) for live in LiveSession.objects.all()] == [(session, 9)]


def test_names_are_made_storable(owner: User) -> None:
    """NUL and lone surrogates are removed, and long names are cut."""
    joined = recorder.open_conversation(
        opening(owner, connection_id="a\x00b", name="x" * 900, speaker=SpeakerIdentity("u\x00", "A\ud800da"))
    )
    stored = Conversation.objects.get(id=joined.conversation_id)
    assert (stored.connection_id, len(stored.name)) == ("ab", 500)
    assert joined.member is not None
    assert joined.member.name == "A?da"


def test_a_lost_race_joins(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that loses the race to start a conversation joins it."""
    real, calls = module._new_conversation, []

    def late(*args: object) -> Conversation:
        calls.append(args)
        if len(calls) == 1:
            raise IntegrityError("somebody else was first")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_new_conversation", late)
    assert recorder.open_conversation(opening(owner)).created
    assert len(calls) == 2


def test_five_lost_races_are_an_error(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five lost races in a row raise an error that says so."""

    def lost(*args: object) -> Conversation:
        raise IntegrityError("again")

    monkeypatch.setattr(module, "_new_conversation", lost)
    with pytest.raises(ConversationBusy, match="try again"):
        recorder.open_conversation(opening(owner))


def test_further_fields_of_a_speaker(owner: User) -> None:
    """They are stored with the member and come back in its snapshots; a later start replaces them, one without any keeps them."""
    first = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("a", "Ada", attributes={"peerId": "p-1", "host": True})))
    assert first.member is not None
    assert first.member.attributes == {"peerId": "p-1", "host": True}
    same = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("a", "Ada")))
    assert (same.member, same.events) == (first.member, [])
    again = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("a", "Ada", attributes={"peerId": "p-2"})))
    assert again.member is not None
    assert again.member.attributes == {"peerId": "p-2"}
    (event,) = again.events
    assert isinstance(event.event, MemberJoined)
    assert event.event.member == again.member
    assert Member.objects.get(id=again.member.id).attributes == {"peerId": "p-2"}


def test_options_of_a_conversation(owner: User) -> None:
    """Metadata of all speakers is joined, the first webhook counts, and any speaker may ask for key phrases."""
    first = opening(owner, metadata={"room": "4", "floor": "1"}, webhook_url="https://example.org/a")
    joined = recorder.open_conversation(first)
    second = opening(owner, metadata={"room": "5"}, webhook_url="https://example.org/b", detect_phrases=True)
    assert recorder.open_conversation(second).conversation_id == joined.conversation_id
    conversation = Conversation.objects.get(id=joined.conversation_id)
    assert conversation.metadata == {"room": "5", "floor": "1"}
    assert (conversation.webhook_url, conversation.detect_phrases) == ("https://example.org/a", True)
    many = {str(number): "x" for number in range(100)}
    recorder.open_conversation(opening(owner, metadata=many))
    conversation.refresh_from_db()
    assert len(conversation.metadata) == module.METADATA_FIELDS
    assert conversation.metadata["room"] == "5"
