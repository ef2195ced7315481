"""/v1/manage/voice-profiles: real voices and the real speaker models."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from insights import access, managed, recorder
from insights.models import Conversation, Deletion, Diarization, Member, Speaker, VoiceProfile
from streaming import speaker_models
from streaming.audio.pcm import linear16
from streaming.speech.speakers import LiveDiarizer
from tests.insights.api.conftest import Api
from tests.insights.conftest import Say
from tests.insights.managed.test_voice_profiles import enrol
from tests.speech.talk import talk
from tests.streaming.audio.media_files import wav

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "/voice-profiles"
AGREED = {"name": "Ada", "email": "ada@example.org", "consent": "true"}
UNKNOWN = {"message": "The profileId is either invalid or does not exist."}


@pytest.fixture(scope="module", autouse=True)
def _models() -> Iterator[None]:
    """Load the models once."""
    speaker_models.begin_loading().result()
    yield
    speaker_models.forget()


@pytest.fixture(autouse=True)
def _installed(settings: Any, tmp_path: Path) -> None:
    """Let accounts have voice profiles."""
    settings.VOICE_PROFILES = True
    settings.DATA_DIR = tmp_path


def recording(*clips: str) -> SimpleUploadedFile:
    """Return clips as a file of a form."""
    return SimpleUploadedFile("voice.wav", wav(np.frombuffer(talk(*clips)[0], "<i2").reshape(-1, 1), 16_000))


def send(account: Api, **fields: object) -> tuple[int, dict[str, Any]]:
    """Send a form to enrol; return status and answer."""
    headers = {"Authorization": f"Bearer {account.token}"}
    answer = account.client.post(account.root + HERE, {name: value for name, value in fields.items() if value is not None}, headers=headers)
    return answer.status_code, answer.json()


def test_off_until_somebody_switches_it_on(account: Api, owner: User, settings: Any) -> None:
    """Enrolling says who can switch voice profiles on; what is stored is listed and can be deleted."""
    status, answer = send(account, **AGREED, audio=recording("a1", "a2", "a1"))
    assert (status, answer["message"]) == (403, "Voice profiles are off for this account. Switch them on in the portal: Account, Voices.")
    profile = enrol(owner)
    assert account.read(HERE)["enabled"] is True
    settings.VOICE_PROFILES = False
    listed = account.read(HERE)
    assert (listed["enabled"], [one["name"] for one in listed["profiles"]]) == (False, ["Ada"])
    status, answer = send(account, **AGREED, audio=recording("a1", "a2", "a1"))
    assert (status, answer["message"]) == (403, "Voice profiles are off on this server. An administrator sets VOICE_PROFILES.")
    answer = account.request("POST", f"{HERE}/speaker", {"conversationId": "1", "memberId": "1", "consent": True})
    assert answer.status_code == 403
    assert account.request("DELETE", f"{HERE}/{profile.id}").status_code == 200
    assert not VoiceProfile.objects.exists()


def test_a_recording(account: Api, owner: User) -> None:
    """With consent a profile is stored and shared; the answer has the consent, and nothing that describes the voice."""
    managed.set_profiles_on(owner, True)
    team = managed.create_team(owner, "Sales")
    status, answer = send(account, **AGREED, teamId=team.pk, audio=recording("a1", "a2", "a1"))
    assert status == 200, answer
    one = answer["profile"]
    stored = VoiceProfile.objects.get()
    assert (stored.owner, stored.consent, stored.consent_of, stored.consent_version) == (owner, "confirmed", "Ada", "1")
    assert one["consent"] == {"of": "Ada", "how": "confirmed", "version": "1", "agreedOn": one["createdOn"]}
    assert (one["id"], one["email"], one["team"]) == (str(stored.id), "ada@example.org", {"id": team.pk, "name": "Sales"})
    assert set(one) == {"id", "name", "email", "team", "seconds", "consent", "createdOn", "updatedOn", "lastUsedOn"}
    assert account.read(f"{HERE}/{one['id']}") == {"profile": one}
    assert account.read(HERE) == {"enabled": True, "profiles": [one], "shared": [], "teams": [{"id": team.pk, "name": "Sales"}]}
    (known,) = managed.known_voices(owner.pk, "community")
    assert known.vectors[0].seconds > 6.0


@pytest.mark.parametrize(
    ("changes", "clips", "message"),
    [
        ({"consent": "false"}, ("a1", "a2", "a1"), "consent: must be true"),
        ({"consent": None}, ("a1", "a2", "a1"), "consent: Field required"),
        ({"consent": "perhaps"}, ("a1", "a2", "a1"), "consent: Input should be a valid boolean"),
        ({"name": None}, ("a1", "a2", "a1"), "name: Field required"),
        ({"name": "\u200b"}, ("a1", "a2", "a1"), "name: at least one visible character"),
        ({"email": "nobody"}, ("a1", "a2", "a1"), "email: must be an e-mail address"),
        ({"teamId": "7"}, ("a1", "a2", "a1"), "teamId: only a team that you are in"),
        ({"teamId": "x"}, ("a1", "a2", "a1"), "teamId: Input should be a valid integer"),
        ({"audio": None}, (), "audio: a form (multipart/form-data)"),
        ({"audio": SimpleUploadedFile("voice.wav", b"no sound")}, (), "audio: the file is damaged"),
        ({}, ("a1",), "audio: there is too little speech"),
        ({}, ("a1", "b1", "a2"), "audio: another voice is in the recording"),
    ],
)
def test_what_is_refused(account: Api, owner: User, changes: dict[str, object], clips: tuple[str, ...], message: str) -> None:
    """Nothing is stored, and the message names the field."""
    managed.set_profiles_on(owner, True)
    status, answer = send(account, **{**AGREED, **({"audio": recording(*clips)} if clips else {}), **changes})
    assert (status, answer["message"][: len(message)]) == (400, message)
    assert not VoiceProfile.objects.exists()


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("multipart/form-data; boundary=q", b"x", "name: Field required; consent: Field required"),
        ("multipart/form-data", b"x", "body: the form cannot be read"),
        ("application/json", b'{"name": "Ada"}', "name: Field required; consent: Field required"),
    ],
)
def test_a_body_that_is_no_form(account: Api, owner: User, kind: str, body: bytes, message: str) -> None:
    """It is refused in the form of all errors."""
    managed.set_profiles_on(owner, True)
    headers = {"Authorization": f"Bearer {account.token}"}
    answer = account.client.generic("POST", account.root + HERE, body, content_type=kind, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


def test_rename_share_and_delete(account: Api, other_account: Api, owner: User, other_owner: User) -> None:
    """Only the owner changes a profile; a team sees its name, not its address; deletion is final and noted."""
    profile = enrol(owner, "Ada", email="ada@example.org")
    enrol(owner, "Bob")
    managed.set_profiles_on(other_owner, True)
    team = managed.create_team(owner, "Sales")
    managed.add_person(team, other_owner.email)
    path = f"{HERE}/{profile.id}"
    changed = account.request("PUT", path, {"name": "Ada Lovelace", "teamId": team.pk}).json()["profile"]
    assert (changed["name"], changed["email"], changed["team"]["name"]) == ("Ada Lovelace", "ada@example.org", "Sales")
    assert changed["consent"]["of"] == "Ada"
    (shared,) = other_account.read(HERE)["shared"]
    assert shared == {
        "id": str(profile.id),
        "name": "Ada Lovelace",
        "team": {"id": team.pk, "name": "Sales"},
        "sharedBy": owner.get_username(),
    }
    for method, body in (("GET", None), ("PUT", {"name": "Eve"}), ("DELETE", None)):
        answer = other_account.request(method, path, body)
        assert (answer.status_code, answer.json()) == (404, UNKNOWN)
        assert account.request(method, f"{HERE}/x", body).status_code == 404
    taken = account.request("PUT", path, {"name": "Bob"})
    assert (taken.status_code, taken.json()["message"]) == (409, "name: another voice profile has this name")
    assert account.request("PUT", path, {"email": "nobody"}).status_code == 400
    assert account.request("PUT", path, {"teamId": team.pk + 1}).status_code == 400
    assert account.request("PUT", path, {"teamId": None}).json()["profile"]["team"] is None
    assert other_account.read(HERE)["shared"] == []
    assert account.request("DELETE", path).json() == {"id": str(profile.id), "type": "voice-profile", "deleted": True}
    assert [one.name for one in VoiceProfile.objects.all()] == ["Bob"]
    assert Deletion.objects.get().item_id == profile.id
    assert account.request("DELETE", path).status_code == 404


def test_scopes(owner: User) -> None:
    """`read` lists, `manage` changes."""
    profile = enrol(owner)
    app, secret = access.create_app(owner, "reader", frozenset({"read"}))
    reader = Api(access.token_for(app.app_id, secret).access_token)
    reader.root = "/v1/manage"
    assert reader.read(HERE)["profiles"][0]["id"] == str(profile.id)
    for method, path in (("PUT", f"{HERE}/{profile.id}"), ("DELETE", f"{HERE}/{profile.id}"), ("POST", f"{HERE}/speaker")):
        answer = reader.request(method, path, {})
        assert answer.status_code == 403
        assert "scope manage" in json.loads(answer.content)["message"]
    assert VoiceProfile.objects.exists()


@pytest.fixture
def diarized(owner: User, say: Say) -> Conversation:
    """A conversation in which the first speaker's voice is known."""
    say("It is late.")
    one = Conversation.objects.get()
    diarizer = LiveDiarizer(speaker_models.begin_loading().result(), expected=2)
    at = 0.0
    for clip in ("a1", "b1", "a2", "b2") * 2:
        samples = linear16(talk(clip)[0])
        diarizer.turn(samples, at)
        at += len(samples) / 16_000
    row = Diarization.objects.create(conversation=one, session_id=uuid4(), updated_at=one.started_at)
    recorder.store_voices(row.id, diarizer.state())
    speaker = Speaker.objects.create(conversation=one, member=Member.objects.get(), number=9, diarization=row, voice=0)
    assert speaker.pk
    return one


def test_a_speaker_of_a_conversation(account: Api, other_account: Api, owner: User, other_owner: User, diarized: Conversation) -> None:
    """A named speaker of an own conversation, with the consent."""
    managed.set_profiles_on(owner, True)
    managed.set_profiles_on(other_owner, True)
    member = Member.objects.get()
    asked = {"conversationId": str(diarized.pk), "memberId": str(member.id), "consent": True}
    path = f"{HERE}/speaker"
    assert other_account.request("POST", path, asked).status_code == 404
    for changes, status, message in (
        ({"consent": False}, 400, "consent: must be true"),
        ({"memberId": str(uuid4())}, 404, "memberId: the conversation has no such member"),
        ({"memberId": "x"}, 404, "memberId: the conversation has no such member"),
        ({"teamId": 7}, 400, "teamId: only a team that you are in"),
        ({"conversationId": "x"}, 404, "The conversationId is either invalid or does not exist."),
    ):
        answer = account.request("POST", path, {**asked, **changes})
        assert (answer.status_code, answer.json()["message"][: len(message)]) == (status, message)
    Member.objects.update(name="Speaker 1")
    answer = account.request("POST", path, asked)
    assert (answer.status_code, answer.json()["message"][:10]) == (400, "memberId: ")
    Member.objects.update(name="Ada", email="ada@example.org")
    assert not VoiceProfile.objects.exists()
    one = account.request("POST", path, asked).json()["profile"]
    assert (one["name"], one["email"], one["consent"]["how"]) == ("Ada", "ada@example.org", "confirmed")
    assert one["seconds"] > 5.0
    Diarization.objects.update(state=b"")
    answer = account.request("POST", path, asked)
    assert (answer.status_code, answer.json()["message"][:41]) == (400, "memberId: there is too little speech of t")
