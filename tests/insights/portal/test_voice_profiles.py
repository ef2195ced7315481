"""The pages of voice profiles: real voices and the real speaker models."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from insights import managed, recorder
from insights.models import Conversation, Diarization, Member, Speaker, VoiceProfile
from streaming import speaker_models
from streaming.audio.pcm import linear16
from streaming.speech.speakers import LiveDiarizer
from tests.insights.managed.test_voice_profiles import enrol
from tests.insights.portal.conftest import MakeConversation
from tests.speech.talk import talk

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "/account/voices/"
AGREED = {"name": "Ada", "email": "ada@example.org", "consent": "yes"}


@pytest.fixture(scope="module", autouse=True)
def _models() -> Iterator[None]:
    """Load the models once."""
    speaker_models.begin_loading().result()
    yield
    speaker_models.forget()


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    """Let accounts have voice profiles."""
    settings.VOICE_PROFILES = True


def files(*clips: str) -> dict[str, SimpleUploadedFile]:
    """Return samples, one clip each, as the page sends them."""
    return {f"sample{place}": SimpleUploadedFile(f"{place}.pcm", talk(clip)[0]) for place, clip in enumerate(clips)}


def test_off_until_somebody_switches_it_on(user_client: Client, user: User, settings: Any) -> None:
    """The page says whether voice profiles are on; without the setting they cannot be switched on, nor anybody enrolled."""
    page = user_client.get(HERE).content.decode()
    assert "Switch voice profiles on" in page
    assert "Enrol a voice" not in page
    assert user_client.post(f"{HERE}enrol/", AGREED).status_code == 404
    assert user_client.post(f"{HERE}switch/", {"on": "yes"}).headers["Location"] == f"{HERE}?done=on"
    assert "Enrol a voice" in user_client.get(HERE).content.decode()
    settings.VOICE_PROFILES = False
    page = user_client.get(HERE).content.decode()
    assert "An administrator sets VOICE_PROFILES" in page
    assert "Enrol a voice" not in page
    assert user_client.post(f"{HERE}switch/", {"on": "yes"}).status_code == 404
    assert user_client.post(f"{HERE}enrol/", AGREED).status_code == 404


def test_three_sentences(user_client: Client, user: User) -> None:
    """With consent and three sentences of one person a profile is stored; the page lists it with the consent."""
    managed.set_profiles_on(user, True)
    team = managed.create_team(user, "Sales")
    answer = user_client.post(f"{HERE}enrol/", {**AGREED, "team": team.pk, **files("a1", "a2", "a1")})
    assert answer.json() == {"next": f"{HERE}?done=enrolled"}
    profile = VoiceProfile.objects.get()
    assert (profile.owner, profile.name, profile.email, profile.team) == (user, "Ada", "ada@example.org", team)
    assert (profile.consent, profile.consent_version) == ("reading", "1")
    page = user_client.get(f"{HERE}?done=enrolled").content.decode()
    for text in ("Voice profile saved.", "Ada", "read sentences and agreed", "shared with Sales", "never used"):
        assert text in page


@pytest.mark.parametrize(
    ("changes", "clips", "message", "sample"),
    [
        ({"consent": ""}, ("a1", "a2", "a1"), "Without your consent", None),
        ({"name": " "}, ("a1", "a2", "a1"), "Name: ", None),
        ({"email": "nobody"}, ("a1", "a2", "a1"), "E-mail address (optional): ", None),
        ({"team": "7"}, ("a1", "a2", "a1"), "Shared with: ", None),
        ({}, ("a1", "a2"), "A recording may have at most 30 seconds.", 2),
        ({}, ("a1", "b1", "a2"), "The recordings do not sound like one person.", None),
    ],
)
def test_what_is_refused(
    user_client: Client, user: User, changes: dict[str, str], clips: tuple[str, ...], message: str, sample: int | None
) -> None:
    """Nothing is stored without consent, a name and three good sentences; the answer says what is wrong."""
    managed.set_profiles_on(user, True)
    answer = user_client.post(f"{HERE}enrol/", {**AGREED, **changes, **files(*clips)})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)
    assert answer.json().get("sample") == sample
    assert not VoiceProfile.objects.exists()


def test_change_and_delete(user_client: Client, other_client: Client, user: User) -> None:
    """The owner renames, shares and deletes; for others the profile does not exist."""
    profile = enrol(user, "Ada")
    enrol(user, "Bob")
    address = f"{HERE}{profile.id}/"
    for path in (address, f"{address}delete/"):
        assert other_client.post(path, {"name": "Eve"}).status_code == 404
        assert Client().post(path, {"name": "Eve"}).status_code == 302, "to sign in"
    assert "Ada" not in other_client.get(HERE).content.decode()
    assert user_client.post(address, {"name": "Ada Lovelace"}).headers["Location"] == f"{HERE}?done=changed"
    refused = user_client.post(address, {"name": "Bob"})
    assert refused.status_code == 400
    assert "Another voice profile has this name." in refused.content.decode()
    assert VoiceProfile.objects.get(id=profile.id).name == "Ada Lovelace"
    assert user_client.post(f"{address}delete/").headers["Location"] == f"{HERE}?done=deleted"
    assert [one.name for one in VoiceProfile.objects.all()] == ["Bob"]
    assert user_client.post(f"{address}delete/").status_code == 404


@pytest.fixture
def diarized(user: User, make_conversation: MakeConversation) -> Conversation:
    """A conversation in which two voices were told apart; the state of its voices is known."""
    one = make_conversation("Planning", [("Speaker 1", "It is late."), ("Speaker 2", "It is early.")], live=True)
    diarizer = LiveDiarizer(speaker_models.begin_loading().result(), expected=2)
    at = 0.0
    for clip in ("a1", "b1", "a2", "b2") * 2:
        samples = linear16(talk(clip)[0])
        diarizer.turn(samples, at)
        at += len(samples) / 16_000
    row = Diarization.objects.create(conversation=one, session_id=uuid4(), updated_at=one.started_at)
    recorder.store_voices(row.id, diarizer.state())
    for voice, speaker in enumerate(Speaker.objects.filter(conversation=one).order_by("number")):
        Speaker.objects.filter(id=speaker.id).update(diarization=row, voice=voice)
    return one


def test_remember_a_voice(user_client: Client, other_client: Client, user: User, diarized: Conversation) -> None:
    """The owner enrols a voice of a conversation, with the consent; for others the page does not exist."""
    member = Member.objects.get(name="Speaker 2")
    Member.objects.filter(id=member.id).update(name="Bob")
    address = f"/conversations/{diarized.pk}/voices/{member.id}/"
    page = f"/conversations/{diarized.pk}/"
    assert user_client.get(address).status_code == 404, "voice profiles are off"
    assert address not in user_client.get(page).content.decode()
    managed.set_profiles_on(user, True)
    assert address in user_client.get(page).content.decode()
    assert other_client.get(address).status_code == 404
    assert user_client.get(f"/conversations/{diarized.pk}/voices/{uuid4()}/").status_code == 404
    assert "Remember the voice of Bob" in user_client.get(address).content.decode()
    refused = user_client.post(address)
    assert refused.status_code == 400
    assert "Without the consent of the person" in refused.content.decode()
    assert not VoiceProfile.objects.exists()
    assert user_client.post(address, {"consent": "yes"}).headers["Location"] == f"{HERE}?done=enrolled"
    profile = VoiceProfile.objects.get()
    assert (profile.name, profile.consent, profile.consent_of) == ("Bob", "confirmed", "Bob")
    (known,) = managed.known_voices(user.pk, "community")
    assert known.vectors[0].seconds > 5.0


def test_a_voice_that_is_forgotten(user_client: Client, user: User, diarized: Conversation) -> None:
    """Where nothing describes the voices any more, the page does not offer it, and says why."""
    managed.set_profiles_on(user, True)
    Diarization.objects.update(state=b"")
    address = f"/conversations/{diarized.pk}/voices/{Member.objects.get(name='Speaker 1').id}/"
    assert address not in user_client.get(f"/conversations/{diarized.pk}/").content.decode()
    answer = user_client.post(address, {"consent": "yes"})
    assert answer.status_code == 400
    assert "too little of this voice" in answer.content.decode()
