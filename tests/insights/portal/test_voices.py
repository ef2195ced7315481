"""The colours of speakers."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights import recorder
from insights.models import Conversation, Member
from insights.portal.faces import people_of
from insights.portal.listing import rows_of
from insights.portal.voices import VOICES, VoiceOf, voices_of
from tests.insights.portal.conftest import MakeConversation

ADA, BEN, EVE = (uuid4() for _ in range(3))
LINES = [("Ada", "One."), ("Ben", "Two."), ("Eve", "Three."), ("Ada", "Four.")]


def test_a_person_has_the_colour_of_their_first_speaker() -> None:
    """Further speakers of the same person take no colour; who is not known has one, too; who has not spoken comes last."""
    unknown = uuid4()
    speakers = [VoiceOf(uuid4(), 1, BEN), VoiceOf(unknown, 2, None), VoiceOf(uuid4(), 3, BEN), VoiceOf(uuid4(), 4, ADA)]
    assert voices_of([ADA, BEN, EVE], speakers) == {BEN: 0, unknown: 1, ADA: 3, EVE: 4}


def test_the_colours_begin_again_after_the_last() -> None:
    """The ninth speaker has the colour of the first."""
    speakers = [VoiceOf(uuid4(), number, None) for number in range(1, VOICES + 2)]
    found = list(voices_of([], speakers).values())
    assert found[:VOICES] == list(range(VOICES))
    assert found[-1] == 0


def colours(one: Conversation) -> dict[str, int]:
    """Return the colour of each person by name."""
    return {face.name: face.voice for face in people_of(one).faces.values()}


@pytest.mark.django_db
def test_they_are_stable(make_conversation: MakeConversation, user: User) -> None:
    """A new name changes no colour, a merge none of other people; a speaker who gets a member keeps the colour."""
    one = make_conversation(lines=LINES)
    assert colours(one) == {"Ada": 0, "Ben": 1, "Eve": 2}
    ada, ben, eve = (Member.objects.get(name=name) for name in ("Ada", "Ben", "Eve"))
    recorder.edit_member(one.pk, ben.pk, user.pk, name="Benjamin")
    assert colours(one) == {"Ada": 0, "Benjamin": 1, "Eve": 2}
    recorder.merge_members(one.pk, ada.pk, ben.pk, user.pk)
    assert colours(one) == {"Benjamin": 0, "Eve": 2}
    one.speakers.filter(member=eve).update(member=None)
    one.members.filter(pk=eve.pk).delete()
    assert colours(one) == {"Benjamin": 0, "Speaker 3": 2}


@pytest.mark.django_db
def test_the_list_has_the_same_colours(make_conversation: MakeConversation, user: User, user_client: Client) -> None:
    """Badges of the list and of the page agree, also where the order of joining is another one than that of speaking."""
    one = make_conversation(lines=LINES)
    for number, name in ((7, "Ada"), (1, "Eve"), (3, "Ada")):
        one.speakers.filter(member__name=name).update(number=number)
    (row,) = rows_of([one], user.pk)
    assert {face.name: face.voice for face in row.faces} == colours(one) == {"Ada": 2, "Ben": 1, "Eve": 0}
