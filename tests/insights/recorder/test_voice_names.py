"""Names by voice profiles: who gets them, what people said comes first, undo."""

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from insights import managed, queries, recorder
from insights.events import MemberChanged, MessageCorrected
from insights.models import Change, Conversation, Member, Message, Speaker, VoiceProfile
from insights.recorder import ChangeConflict, Joined, SpeakerIdentity, Voice
from tests.insights.conftest import Say
from tests.insights.managed.test_voice_profiles import enrol
from tests.insights.recorder.test_diarization import diarized as diarized
from tests.insights.recorder.test_diarization import joined as joined
from tests.insights.recorder.test_diarization import kinds, names, source_of

EMAIL = "grace@example.org"


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    """Let accounts have voice profiles."""
    settings.VOICE_PROFILES = True


@pytest.fixture
def grace(owner: User) -> VoiceProfile:
    """A profile of the account."""
    return enrol(owner, "Grace", email=EMAIL)


@pytest.fixture
def source(diarized: Joined, say: Say) -> UUID:
    """An audio source in which two voices spoke."""
    say("I will send the report.", voice=Voice(source_of(diarized), 0))
    say("It is early.", voice=Voice(source_of(diarized), 1))
    return source_of(diarized)


def test_a_voice_gets_the_name(source: UUID, grace: VoiceProfile, other_owner: User) -> None:
    """The member, the messages and the insights have it; events and the change say that a voice profile gave it."""
    member = Member.objects.get(name="Speaker 1")
    events = recorder.name_by_profile(source, 0, grace.id)
    assert names() == ["Grace", "Speaker 2"]
    assert Member.objects.get(name="Grace") == Member(id=member.id)
    assert Member.objects.get(name="Grace").email == EMAIL
    assert kinds(events)[:2] == [MemberChanged, MessageCorrected]
    assert {getattr(one.event, "changed_by", None) for one in events[:2]} == {recorder.BY_PROFILE}
    assert queries.events_after(Conversation.objects.get().pk, 0)[-len(events) :] == events
    change = Change.objects.get()
    assert (change.kind, change.user, change.by_profile) == ("voice_named", None, True)
    assert VoiceProfile.objects.get().last_used_at is not None
    assert queries.members_named_by_voice(Conversation.objects.get()) == {member.id}
    assert not Message.objects.filter(speaker_chosen=True).exists(), "later recognition may still correct messages"


def test_what_a_person_said_stays(source: UUID, grace: VoiceProfile, owner: User) -> None:
    """A member that a person named, or gave an address, is not renamed."""
    conversation = Conversation.objects.get()
    recorder.edit_member(conversation.pk, Member.objects.get(name="Speaker 1").id, owner.pk, name="Hedy")
    recorder.edit_member(conversation.pk, Member.objects.get(name="Speaker 2").id, owner.pk, email="hedy@example.org")
    assert recorder.name_by_profile(source, 0, grace.id) == []
    assert recorder.name_by_profile(source, 1, grace.id) == []
    assert names() == ["Hedy", "Speaker 2"]


def test_a_person_renames_it_later(source: UUID, grace: VoiceProfile, owner: User) -> None:
    """A name by a person takes the place of the one by the profile, which is not given again."""
    recorder.name_by_profile(source, 0, grace.id)
    conversation = Conversation.objects.get()
    recorder.edit_member(conversation.pk, Member.objects.get(name="Grace").id, owner.pk, name="Hedy", email="")
    assert recorder.name_by_profile(source, 0, grace.id) == []
    assert names() == ["Hedy", "Speaker 2"]
    assert queries.members_named_by_voice(conversation) == frozenset()


def test_undone_for_good(source: UUID, grace: VoiceProfile, owner: User, other_owner: User) -> None:
    """Whoever may edit can undo it; then the voice is not named by a profile again, and the undoing is that person's."""
    recorder.name_by_profile(source, 0, grace.id)
    change = Change.objects.get()
    recorder.undo(change.pk, other_owner.pk)
    assert names() == ["Speaker 1", "Speaker 2"]
    assert recorder.name_by_profile(source, 0, grace.id) == []
    assert names() == ["Speaker 1", "Speaker 2"]
    assert queries.members_named_by_voice(Conversation.objects.get()) == frozenset()
    with pytest.raises(recorder.NotTheAuthor):
        recorder.undo(Change.objects.get(undoes=change).pk, owner.pk)
    with pytest.raises(ChangeConflict):
        recorder.undo(change.pk, owner.pk)


def test_the_person_is_there_already(diarized: Joined, say: Say, owner: User) -> None:
    """A voice becomes the member whose address or name the profile has; Undo makes it one of its own again."""
    ada = enrol(owner, "Ada Lovelace", email="Ada@example.org")
    source = source_of(diarized)
    say("It is late.", voice=Voice(source, 0))
    recorder.name_by_profile(source, 0, ada.id)
    assert names() == ["Ada"], "the member of the session, by the address"
    recorder.undo(Change.objects.get().pk, owner.pk)
    assert names() == ["Speaker 1"]


def test_one_voice_of_a_source(source: UUID, grace: VoiceProfile) -> None:
    """A profile names one voice of an audio source only."""
    recorder.name_by_profile(source, 0, grace.id)
    assert recorder.name_by_profile(source, 1, grace.id) == []
    assert names() == ["Grace", "Speaker 2"]


def test_namesakes_with_other_addresses(diarized: Joined, say: Say, owner: User) -> None:
    """Somebody of the same name with another address is another person."""
    source = source_of(diarized)
    Member.objects.create(conversation_id=diarized.conversation_id, name="Grace", email="other@example.org")
    say("It is late.", voice=Voice(source, 0))
    recorder.name_by_profile(source, 0, enrol(owner, "Grace", email=EMAIL).id)
    assert Member.objects.filter(name="Grace").count() == 2
    assert Speaker.objects.get(voice=0).member == Member.objects.get(email=EMAIL)


def test_profiles_that_may_not_be_used(source: UUID, grace: VoiceProfile, owner: User, other_owner: User) -> None:
    """Those of other accounts, deleted ones, and all while they are off."""
    foreign = enrol(other_owner, "Hedy")
    assert recorder.name_by_profile(source, 0, foreign.id) == []
    managed.set_profiles_on(owner, False)
    assert recorder.name_by_profile(source, 0, grace.id) == []
    managed.set_profiles_on(owner, True)
    managed.delete_profile(owner.pk, grace.id)
    assert recorder.name_by_profile(source, 0, grace.id) == []
    assert names() == ["Speaker 1", "Speaker 2"]


def test_a_shared_profile(source: UUID, owner: User, other_owner: User) -> None:
    """The profile of somebody else in a team of the account names its speakers."""
    hedy = enrol(other_owner, "Hedy")
    team = managed.create_team(other_owner, "Team")
    managed.change_profile(other_owner.pk, hedy.id, name="Hedy", email="", team_id=team.pk)
    managed.set_profiles_on(owner, True)
    assert recorder.name_by_profile(source, 0, hedy.id) == []
    managed.add_person(team, owner.email)
    assert recorder.name_by_profile(source, 0, hedy.id)
    assert names() == ["Hedy", "Speaker 2"]


def test_unknown_voices(source: UUID, grace: VoiceProfile) -> None:
    """A voice that said nothing is not named."""
    assert recorder.name_by_profile(source, 7, grace.id) == []
    assert SpeakerIdentity("", "Grace").name not in names()
