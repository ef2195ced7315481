"""The table of voice profiles: enrolled voices, by which later conversations of an account name speakers."""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from insights.models.account_settings import AccountSettings
from insights.models.sharing import Team, TeamMembership


class VoiceProfile(models.Model):
    """The voice of one person, enrolled by an account. `team`: people who may use it, too, while the owner is in that team.

    `vectors`: voice vectors with their seconds of speech, encrypted (`insights.voice_vectors`); `model`: the speaker models that computed
    them. The fields with `consent` are the record of the person's consent, which a later change of the name does not change.
    """

    class Consent(models.TextChoices):
        """How the person agreed."""

        READING = "reading", "the person accepted the consent text and read sentences aloud"
        CONFIRMED = "confirmed", "the account confirmed that the person accepted the consent text"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="voice_profiles")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="voice_profiles")
    name = models.CharField(max_length=320)
    email = models.CharField(max_length=320, blank=True, default="")
    vectors = models.BinaryField()
    model = models.CharField(max_length=200, help_text="The speaker models that computed the vectors.")
    seconds = models.FloatField(help_text="Seconds of speech from which the vectors were computed.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="When it last named a speaker.")
    consent = models.CharField(max_length=16, choices=Consent, help_text="How the person agreed.")
    consent_of = models.CharField(max_length=320, help_text="Who agreed.")
    consent_version = models.CharField(max_length=32, help_text="The version of the consent text.")
    consented_at = models.DateTimeField()

    class Meta:
        ordering = ["owner_id", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="voice_profile_unique_name"),
            models.CheckConstraint(condition=~Q(name=""), name="voice_profile_has_name"),
            models.CheckConstraint(condition=Q(seconds__gt=0), name="voice_profile_has_speech"),
            models.CheckConstraint(
                condition=Q(consent__in=["reading", "confirmed"]) & ~Q(consent_of="") & ~Q(consent_version=""),
                name="voice_profile_has_consent",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def usable_by_accounts(account_ids: Collection[int]) -> Mapping[int, Mapping[uuid.UUID, datetime]]:
    """Return the profiles that the conversations of each account use, by id, with the time of their last change. Three queries.

    They are its own profiles, and those that other people of its teams share with such a team. Without the setting VOICE_PROFILES, or
    while the account has not switched them on, it is none; nor is it one whose owner has switched them off.
    """
    found: dict[int, dict[uuid.UUID, datetime]] = {account_id: {} for account_id in account_ids}
    if not settings.VOICE_PROFILES:
        return found
    on = AccountSettings.objects.filter(voice_profiles=True, user__is_active=True).order_by().values("user_id")
    accounts = list(on.filter(user_id__in=account_ids).values_list("user_id", flat=True))
    own = VoiceProfile.objects.filter(owner_id__in=accounts).order_by().values_list("owner_id", "id", "updated_at")
    shared = TeamMembership.objects.filter(
        user_id__in=accounts,
        team__voice_profiles__owner_id__in=on,
        team__memberships__user_id=F("team__voice_profiles__owner_id"),  # the owner is still in the team
    )
    by_team = shared.order_by().values_list("user_id", "team__voice_profiles__id", "team__voice_profiles__updated_at")
    for account_id, identity, changed_at in [*own, *by_team]:
        found[account_id][identity] = changed_at
    return found


def usable_by(account_id: int) -> models.QuerySet[VoiceProfile]:
    """Return the profiles that the conversations of an account use, as `usable_by_accounts`."""
    return VoiceProfile.objects.filter(id__in=usable_by_accounts([account_id])[account_id])
