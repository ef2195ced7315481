"""Voice profiles of an account: enrol, rename, share with a team, delete. Who may use which: `insights.models.usable_by_accounts`."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from insights.database import log_after_commit, write_transaction
from insights.managed.errors import ManagedError, Taken, TooMany, Unknown
from insights.managed.locks import account_locked
from insights.models import AccountSettings, Deletion, Diarization, TeamMembership, VoiceProfile, usable_by, usable_by_accounts
from insights.names import LONGEST_NAME, clean_name
from insights.voice_enrolment import EnrolledVoice
from insights.voice_vectors import VoiceVector, decrypted, encrypted

logger = logging.getLogger(__name__)

CONSENT_VERSION = "1"
"""The version of the consent text on the pages. A new text needs a new number."""
MOST_PROFILES = 500
"""Voice profiles of one account."""
MOST_VECTORS = 20
"""Vectors of one profile; the latest are kept."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A voice to enrol: of whom, and how the person agreed. The consent text that the person accepted has CONSENT_VERSION."""

    name: str
    email: str
    voice: EnrolledVoice
    consent: VoiceProfile.Consent


@dataclass(frozen=True, slots=True)
class KnownVoice:
    """A voice profile as conversations use it: decrypted vectors, in memory only."""

    id: UUID
    owner_id: int
    changed_at: datetime
    model: str
    vectors: tuple[VoiceVector, ...]


def profiles_on(user_id: int) -> bool:
    """Return whether an account has switched on voice profiles, and the installation has them."""
    return settings.VOICE_PROFILES and AccountSettings.objects.filter(user_id=user_id, voice_profiles=True).exists()


def set_profiles_on(user: User, on: bool) -> None:
    """Switch the voice profiles of an account on or off. Off: states of voices that were kept for enrolment are removed; profiles stay."""
    with write_transaction():
        AccountSettings.objects.update_or_create(user=user, defaults={"voice_profiles": on})
        if not on:
            Diarization.objects.filter(conversation__owner=user).exclude(kept_state=b"").update(kept_state=b"")


def profiles_of(user_id: int) -> QuerySet[VoiceProfile]:
    """Return the voice profiles of an account, without their vectors."""
    return VoiceProfile.objects.filter(owner_id=user_id).select_related("team").defer("vectors")


def profiles_shared_with(user_id: int) -> QuerySet[VoiceProfile]:
    """Return the voice profiles of others that the conversations of an account use, without their vectors."""
    return usable_by(user_id).exclude(owner_id=user_id).select_related("team", "owner").defer("vectors").order_by("name", "id")


def enrol(user_id: int, wanted: Enrolment) -> VoiceProfile:
    """Store a voice; one that the account has by this name gets further vectors, and the new consent.

    Raises ManagedError without a name, TooMany, and Taken if the account has the name with another e-mail address.
    """
    name, email = clean_name(wanted.name, LONGEST_NAME), clean_name(wanted.email, LONGEST_NAME)
    if not name:
        raise ManagedError("name: at least one visible character is needed")
    now = timezone.now()
    with account_locked(user_id):
        profile = VoiceProfile.objects.filter(owner_id=user_id, name=name).first()
        if profile is None:
            if VoiceProfile.objects.filter(owner_id=user_id).count() >= MOST_PROFILES:
                raise TooMany(f"an account can have at most {MOST_PROFILES} voice profiles")
            profile = VoiceProfile(id=uuid4(), owner_id=user_id, name=name, email=email, created_at=now, seconds=0.0)
        elif email and profile.email and profile.email != email:
            raise Taken("name: another voice profile has this name, with another e-mail address")
        _add(profile, wanted.voice)
        profile.email = profile.email or email
        profile.consent, profile.consent_of = wanted.consent, name
        profile.consent_version, profile.consented_at = CONSENT_VERSION, now
        profile.updated_at = now
        profile.save()
        log_after_commit(logger, "voice profile %s: enrolled (%s), owner %d", profile.id, wanted.consent, user_id)
    return profile


def _add(profile: VoiceProfile, voice: EnrolledVoice) -> None:
    """Add vectors to a profile; those of other models, and those that cannot be read any more, are dropped."""
    known: list[VoiceVector] = []
    if profile.model == voice.model and profile.vectors:
        try:
            known = vectors_of(profile)
        except ValueError:
            logger.warning("voice profile %s: its vectors cannot be read, and are replaced", profile.id)
    kept = [*known, *voice.vectors][-MOST_VECTORS:]
    profile.model, profile.seconds = voice.model, sum(one.seconds for one in kept)
    profile.vectors = encrypted(kept, profile.id)


def vectors_of(profile: VoiceProfile) -> list[VoiceVector]:
    """Return the vectors of a profile, decrypted. Raises NotDecryptable, which is a ValueError."""
    return decrypted(bytes(profile.vectors), profile.id)


def known_voices(account_id: int, model: str) -> tuple[KnownVoice, ...]:
    """Return the profiles that the conversations of an account use and that these speaker models computed."""
    found = []
    for profile in usable_by(account_id).filter(model=model):
        try:
            vectors = tuple(vectors_of(profile))
        except ValueError as error:
            logger.warning("voice profile %s: %s", profile.id, error)
            continue
        found.append(KnownVoice(profile.id, profile.owner_id, profile.updated_at, profile.model, vectors))
    return tuple(found)


def changes_of_profiles(account_ids: Collection[int]) -> Mapping[int, Mapping[UUID, datetime]]:
    """Return the profiles that the conversations of each account use, by id, with the time of their last change. Three queries."""
    return usable_by_accounts(account_ids)


def change_profile(user_id: int, profile_id: UUID, *, name: str, email: str, team_id: int | None) -> VoiceProfile:
    """Rename a profile of an account, and set the team that shares it. Raises Unknown, ManagedError and Taken."""
    called, address = clean_name(name, LONGEST_NAME), clean_name(email, LONGEST_NAME)
    if not called:
        raise ManagedError("name: at least one visible character is needed")
    try:
        with account_locked(user_id):
            profile = VoiceProfile.objects.filter(owner_id=user_id, id=profile_id).defer("vectors").first()
            if profile is None:
                raise Unknown(f"voice profile {profile_id} does not exist")
            if team_id is not None and not TeamMembership.objects.filter(user_id=user_id, team_id=team_id).exists():
                raise ManagedError("team: only a team that you are in can be chosen")
            profile.name, profile.email, profile.team_id, profile.updated_at = called, address, team_id, timezone.now()
            profile.save(update_fields=["name", "email", "team", "updated_at"])
    except IntegrityError:
        raise Taken("name: another voice profile has this name") from None
    return profile


def delete_profile(user_id: int, profile_id: UUID) -> bool:
    """Delete a profile of an account for good; return whether there was one."""
    return bool(_delete(VoiceProfile.objects.filter(owner_id=user_id, id=profile_id), user_id))


def delete_profiles(profiles: QuerySet[VoiceProfile], by: int | None) -> int:
    """Delete profiles for good, by a user or a command (None); return how many there were."""
    return _delete(profiles, by)


def _delete(profiles: QuerySet[VoiceProfile], by: int | None) -> int:
    """Delete profiles and note each deletion, with ids only. On SQLite the row is overwritten (`PRAGMA secure_delete`)."""
    now = timezone.now()
    with write_transaction():
        found: Collection[tuple[UUID, int]] = list(profiles.order_by().values_list("id", "owner_id"))
        VoiceProfile.objects.filter(id__in=[identity for identity, _ in found]).delete()
        kind = Deletion.Kind.VOICE_PROFILE
        Deletion.objects.bulk_create(Deletion(kind=kind, item_id=one, owner_id=owner, user_id=by, at=now) for one, owner in found)
        for one, owner in found:
            log_after_commit(logger, "deletion: %s, item %s, owner %s, by user %s", kind.label, one, owner, by)
    return len(found)
