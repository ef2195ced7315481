"""Voice profiles: consent, encryption, who may use which, deletion for good."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from insights import managed, persons, queries, recorder
from insights.database import connection_closed_after
from insights.managed import Enrolment, ManagedError
from insights.models import AccountSettings, Deletion, Diarization, LiveSession, VoiceProfile, usable_by_accounts
from insights.recorder import SpeakerIdentity
from insights.voice_enrolment import EnrolledVoice
from insights.voice_vectors import VoiceVector, packed, unpacked
from tests.insights.conftest import opening

pytestmark = pytest.mark.django_db(transaction=True)

DIMENSIONS = 128
MODEL = "community"
KEY = "k" * 40


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    """Let accounts have voice profiles."""
    settings.VOICE_PROFILES = True


def voice(*numbers: int, model: str = MODEL) -> EnrolledVoice:
    """Return a voice with a random vector of 5 s for each number."""
    return EnrolledVoice(tuple(VoiceVector(vector(number), 5.0) for number in numbers), model)


def vector(number: int) -> np.ndarray:
    """Return a vector."""
    return np.random.default_rng(number).standard_normal(DIMENSIONS).astype(np.float32)


def enrol(user: User, name: str = "Ada", *numbers: int, email: str = "", model: str = MODEL) -> VoiceProfile:
    """Enrol a voice, and switch the profiles of the account on."""
    managed.set_profiles_on(user, True)
    wanted = Enrolment(name, email, voice(*(numbers or (1,)), model=model), VoiceProfile.Consent.READING)
    return managed.enrol(user.pk, wanted)


def usable(user: User) -> list[str]:
    """Return the names of the profiles that conversations of an account use."""
    ids = usable_by_accounts([user.pk])[user.pk]
    return sorted(VoiceProfile.objects.filter(id__in=ids).values_list("name", flat=True))


def stored_bytes() -> bytes:
    """Return all vectors as they lie in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT vectors FROM insights_voiceprofile")
        return b"".join(bytes(row[0]) for row in cursor.fetchall())


def test_vectors_are_encrypted(owner: User) -> None:
    """The table holds no part of a vector that could be read; the account's conversations read all of it."""
    profile = enrol(owner, "Ada", 1, 2)
    content = stored_bytes()
    for number in (1, 2):
        assert vector(number).tobytes()[:16] not in content
    assert b"[[" not in content
    (known,) = managed.known_voices(owner.pk, MODEL)
    assert known.id == profile.id
    for number, one in zip((1, 2), known.vectors, strict=True):
        np.testing.assert_array_equal(one.values, vector(number))
        assert one.seconds == 5.0


def test_vectors_belong_to_their_row(owner: User, other_owner: User) -> None:
    """Copied to the row of another account, they cannot be read."""
    enrol(owner)
    other = enrol(other_owner, "Hedy", 2)
    assert len(managed.known_voices(other_owner.pk, MODEL)) == 1
    VoiceProfile.objects.filter(id=other.id).update(vectors=VoiceProfile.objects.get(owner=owner).vectors)
    assert managed.known_voices(other_owner.pk, MODEL) == ()


def test_packed_vectors_are_the_same() -> None:
    """Vectors survive packing; what is no list of vectors is refused."""
    (one,) = unpacked(packed([VoiceVector(vector(3), 2.5)]))
    np.testing.assert_array_equal(one.values, vector(3))
    assert one.seconds == 2.5
    for wrong in (b"[1]", b"{", b"[[1, 2]]"):
        with pytest.raises(ValueError, match="not valid"):
            unpacked(wrong)


def test_a_new_key_makes_profiles_unreadable(owner: User, settings: Any) -> None:
    """They are left out, and replaced by the next enrolment."""
    enrol(owner)
    settings.SECRET_KEY = KEY
    assert managed.known_voices(owner.pk, MODEL) == ()
    enrol(owner, "Ada", 5)
    (known,) = managed.known_voices(owner.pk, MODEL)
    assert [one.values[0] for one in known.vectors] == [vector(5)[0]]


def test_consent_is_recorded(owner: User) -> None:
    """Who agreed, how, when, and to which text; a later name changes none of it, and no row exists without it."""
    profile = enrol(owner, "Ada", 1, email="ada@example.org")
    managed.change_profile(owner.pk, profile.id, name="Ada Lovelace", email="", team_id=None)
    stored = VoiceProfile.objects.get()
    assert (stored.name, stored.consent_of, stored.consent, stored.consent_version) == ("Ada Lovelace", "Ada", "reading", "1")
    assert stored.consented_at >= stored.created_at
    for field in ("consent_of", "consent_version", "consent", "name"):
        with pytest.raises(IntegrityError), transaction.atomic():
            VoiceProfile.objects.update(**{field: ""})


def test_enrolled_again(owner: User) -> None:
    """The same name gets further vectors, those of other models are replaced, and at most MOST_VECTORS are kept."""
    enrol(owner, "Ada", 1)
    assert enrol(owner, "Ada", 2).seconds == 10.0
    enrol(owner, "Ada", *range(3, 25))
    (known,) = managed.known_voices(owner.pk, MODEL)
    assert [one.values[0] for one in known.vectors] == [vector(number)[0] for number in range(5, 25)]
    enrol(owner, "Ada", 30, model="other.Models")
    assert managed.known_voices(owner.pk, MODEL) == ()
    (known,) = managed.known_voices(owner.pk, "other.Models")
    assert len(known.vectors) == 1


@pytest.mark.parametrize("name", ["", "  ", "\u200b"])
def test_a_name_is_needed(owner: User, name: str) -> None:
    """A profile has a visible name."""
    with pytest.raises(ManagedError, match="^name: "):
        enrol(owner, name)


def test_names_of_one_account_differ(owner: User, other_owner: User) -> None:
    """A second address for a name, and renaming to a taken name, are refused; another account has names of its own."""
    enrol(owner, "Ada", 1, email="ada@example.org")
    with pytest.raises(managed.Taken, match="^name: "):
        enrol(owner, "Ada", 2, email="other@example.org")
    second = enrol(owner, "Bob", 2)
    with pytest.raises(managed.Taken, match="^name: "):
        managed.change_profile(owner.pk, second.id, name="Ada", email="", team_id=None)
    assert enrol(other_owner, "Ada", 3).owner_id == other_owner.pk


def test_who_uses_a_profile(owner: User, other_owner: User) -> None:
    """Its owner; with a team, those of the team who switched profiles on, while the owner is in the team; nobody else."""
    profile = enrol(owner)
    managed.set_profiles_on(other_owner, True)
    assert (usable(owner), usable(other_owner)) == (["Ada"], [])
    team = managed.create_team(owner, "Team")
    managed.change_profile(owner.pk, profile.id, name="Ada", email="", team_id=team.pk)
    assert usable(other_owner) == [], "not in the team"
    managed.add_person(team, other_owner.email)
    assert usable(other_owner) == ["Ada"]
    assert [one.name for one in managed.profiles_shared_with(other_owner.pk)] == ["Ada"]
    managed.set_profiles_on(other_owner, False)
    assert usable(other_owner) == [], "switched off"
    managed.set_profiles_on(other_owner, True)
    managed.set_profiles_on(owner, False)
    assert (usable(owner), usable(other_owner)) == ([], []), "its owner switched them off"
    managed.set_profiles_on(owner, True)
    managed.set_manages(team, other_owner.pk, True)
    managed.remove_person(team, owner.pk)
    assert (usable(owner), usable(other_owner)) == (["Ada"], []), "its owner left the team"


def test_only_own_teams(owner: User, other_owner: User) -> None:
    """A profile is shared with a team that its owner is in, and only its owner changes it."""
    profile = enrol(owner)
    foreign = managed.create_team(other_owner, "Team")
    with pytest.raises(ManagedError, match="^team: "):
        managed.change_profile(owner.pk, profile.id, name="Ada", email="", team_id=foreign.pk)
    with pytest.raises(managed.Unknown):
        managed.change_profile(other_owner.pk, profile.id, name="Eve", email="", team_id=None)
    assert not managed.delete_profile(other_owner.pk, profile.id)


def test_off_by_default(owner: User, settings: Any) -> None:
    """Without the setting, or before the account switches them on, nothing is used."""
    enrol(owner)
    settings.VOICE_PROFILES = False
    assert usable(owner) == []
    assert not managed.profiles_on(owner.pk)
    settings.VOICE_PROFILES = True
    AccountSettings.objects.update(voice_profiles=False)
    assert usable(owner) == []


def test_deleted_for_good(owner: User) -> None:
    """The row is gone; the list of deletions has ids only."""
    profile = enrol(owner, "Ada Zeppelin")
    assert managed.delete_profile(owner.pk, profile.id)
    assert not VoiceProfile.objects.exists()
    (deletion,) = Deletion.objects.all()
    assert (deletion.kind, deletion.item_id, deletion.owner_id, deletion.counts) == ("voice_profile", profile.id, owner.pk, {})
    assert not managed.delete_profile(owner.pk, profile.id)


@pytest.mark.parametrize("account", [True, False])
def test_a_person_goes_with_the_profiles(owner: User, other_owner: User, account: bool) -> None:
    """An account takes its profiles with it; a person, the profiles of all accounts with the address."""
    enrol(owner, "Ada", email="ada@example.org")
    enrol(other_owner, "A. Lovelace", email="ADA@example.org")
    enrol(other_owner, "Bob", email="bob@example.org")
    if account:
        persons.delete_account(other_owner, None)
        assert [one.name for one in VoiceProfile.objects.all()] == ["Ada"]
    else:
        assert persons.delete_words(None, email="ada@example.org", by=None).profiles == 2
        assert [one.name for one in VoiceProfile.objects.all()] == ["Bob"]


def test_enrolments_of_one_name_at_once(owner: User) -> None:
    """All of them add to one profile."""
    managed.set_profiles_on(owner, True)
    wanted = [Enrolment("Ada", "", voice(number), VoiceProfile.Consent.READING) for number in range(6)]
    with ThreadPoolExecutor(len(wanted)) as pool:
        list(pool.map(connection_closed_after(lambda one: managed.enrol(owner.pk, one)), wanted))
    assert VoiceProfile.objects.get().seconds == 5.0 * len(wanted)


def test_the_export_has_no_vectors(owner: User) -> None:
    """All data of an account has its profiles with the consent, without what describes the voice."""
    enrol(owner, "Ada", email="ada@example.org")
    (row,) = rows(queries.account_data(owner.pk)["voiceProfiles"])
    assert (row["name"], row["email"], row["consent_of"], row["consent_version"]) == ("Ada", "ada@example.org", "Ada", "1")
    assert "vectors" not in row


def rows(value: object) -> Sequence[dict[str, object]]:
    """Return a list of objects of JSON."""
    assert isinstance(value, list)
    return value


def test_kept_states_of_voices(owner: User) -> None:
    """At the end of a conversation the state of its voices is removed, or kept encrypted if the account has profiles on."""

    def end(room: str) -> Diarization:
        joined = recorder.open_conversation(opening(owner, room, speaker=SpeakerIdentity("", "Ada"), several_speakers=True))
        assert joined.diarized is not None
        recorder.store_voices(joined.diarized.id, b'{"voices": 1}')
        recorder.leave(LiveSession.objects.get(conversation_id=joined.conversation_id).id, final=True)
        return Diarization.objects.get(id=joined.diarized.id)

    row = end("one")
    assert (bytes(row.state), bytes(row.kept_state)) == (b"", b"")
    managed.set_profiles_on(owner, True)
    row = end("two")
    assert bytes(row.state) == b""
    assert row.kept_state
    assert b"voices" not in bytes(row.kept_state)
    assert recorder.kept_voices(row.conversation) == {row.id: b'{"voices": 1}'}
    assert recorder.forget_kept_voices(row.updated_at + recorder.KEPT_VOICES / 2) == 0
    assert recorder.forget_kept_voices(row.updated_at + recorder.KEPT_VOICES * 1.1) == 1
    row = end("three")
    managed.set_profiles_on(owner, False)
    assert recorder.kept_voices(row.conversation) == {}
