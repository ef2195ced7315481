"""Giving messages of one speaker to another person."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Conversation, Member, Message
from insights.recorder import Joined, Listening, NamedSpeaker, RecorderError, Scope, SpeakerIdentity, UnknownMessage
from tests.insights.conftest import opening, utterance

pytestmark = pytest.mark.usefixtures("plain_analysis")


@pytest.fixture
def talk(joined: Joined, owner: User) -> list[Message]:
    """Ada, Ben, Ada, Ada, Ben, Ada."""
    ben = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("ben", "Ben"))).member
    assert joined.member is not None
    assert ben is not None
    for number, member in enumerate((joined.member, ben, joined.member, joined.member, ben, joined.member)):
        at = joined.started_at + timedelta(seconds=5 * number)
        recorder.record(joined.conversation_id, utterance(f"Sentence {number}.", at), Listening(member_id=member.id))
    return list(Message.objects.order_by("number"))


def speakers() -> list[str]:
    """Return who said each message, by initial."""
    return [str(message.member)[0] for message in Message.objects.select_related("speaker__member").order_by("number")]


@pytest.mark.parametrize(
    ("scope", "until", "expected"),
    [
        (Scope.MESSAGE, None, "ABZABA"),
        (Scope.FOLLOWING, None, "ABZZBZ"),
        (Scope.FOLLOWING, 3, "ABZZBA"),
        (Scope.ALL, None, "ZBZZBZ"),
    ],
    ids=["one", "following", "until", "all"],
)
def test_the_messages_in_the_scope_get_a_new_member(
    talk: list[Message], owner: User, scope: Scope, until: int | None, expected: str
) -> None:
    """Only messages of the same speaker change; one undo restores all of them."""
    last = None if until is None else talk[until].id
    edited = recorder.assign_speaker(talk[2].id, owner.pk, NamedSpeaker(name="Zoe"), scope, last)
    assert "".join(speakers()) == expected
    assert edited.change_id is not None
    recorder.undo(edited.change_id, owner.pk)
    assert "".join(speakers()) == "ABAABA"
    assert not Member.objects.filter(name="Zoe").exists()


def test_a_known_member_is_taken(talk: list[Message], owner: User) -> None:
    """An id or a user id names a member of the conversation."""
    ben = Member.objects.get(name="Ben")
    recorder.assign_speaker(talk[0].id, owner.pk, NamedSpeaker(id=str(ben.id)), Scope.MESSAGE)
    recorder.assign_speaker(talk[2].id, owner.pk, NamedSpeaker(id="ben"), Scope.MESSAGE)
    assert "".join(speakers()) == "BBBABA"
    assert Member.objects.count() == 2


def test_a_merged_member_can_be_named_again(talk: list[Message], owner: User) -> None:
    """Who was merged with another becomes a member again, with the words that they get now; undo merges them again."""
    first = recorder.assign_speaker(talk[0].id, owner.pk, NamedSpeaker(name="Zoe"), Scope.MESSAGE)
    zoe, ada = Member.objects.get(name="Zoe"), Member.objects.get(name="Ada")
    recorder.merge_members(talk[0].conversation_id, zoe.id, ada.id, owner.pk)
    assert "".join(speakers()) == "ABAABA"
    again = recorder.assign_speaker(talk[2].id, owner.pk, NamedSpeaker(name="Zoe"), Scope.MESSAGE)
    assert "".join(speakers()) == "ABZABA"
    assert first.change_id is not None
    assert again.change_id is not None
    recorder.undo(again.change_id, owner.pk)
    assert "".join(speakers()) == "ABAABA"
    zoe.refresh_from_db()
    assert zoe.merged_into_id == ada.id


def test_a_speaker_without_a_member_gets_a_name(talk: list[Message], owner: User) -> None:
    """All messages of this speaker change, none of another unknown one."""
    talk[0].conversation.speakers.update(member=None)
    recorder.assign_speaker(talk[1].id, owner.pk, NamedSpeaker(name="Zoe"), Scope.ALL)
    named = Message.objects.filter(speaker__member__name="Zoe").order_by("number")
    assert [message.number for message in named] == [2, 5]


def test_invalid_assignments_are_refused(talk: list[Message], owner: User) -> None:
    """A person without a name, an unknown message, and an end in another conversation change nothing."""
    with pytest.raises(RecorderError, match="user: id, name or email is needed"):
        recorder.assign_speaker(talk[0].id, owner.pk, NamedSpeaker(name=" "), Scope.ALL)
    with pytest.raises(UnknownMessage):
        recorder.assign_speaker(uuid4(), owner.pk, NamedSpeaker(name="Zoe"), Scope.ALL)
    with pytest.raises(UnknownMessage):
        recorder.assign_speaker(talk[0].id, owner.pk, NamedSpeaker(name="Zoe"), Scope.FOLLOWING, uuid4())
    assert "".join(speakers()) == "ABAABA"
    assert Conversation.objects.get().changes.count() == 0
