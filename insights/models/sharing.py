"""The tables of sharing: teams, shares of conversations, and links with a secret."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from insights.models.bookmarks import Experience
from insights.models.conversations import Conversation


class AccessLevel(models.IntegerChoices):
    """What somebody may do with a conversation; each level includes those below. Only owners delete and share."""

    READ = 1, gettext_lazy("Can view")
    EDIT = 2, gettext_lazy("Can edit")
    OWN = 3, gettext_lazy("Owner")


SHARED_LEVELS = [(one.value, one.label) for one in (AccessLevel.READ, AccessLevel.EDIT)]


class Team(models.Model):
    """People who share conversations with each other. `new_conversations`: what the team gets of its members' new conversations."""

    name = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    new_conversations = models.PositiveSmallIntegerField(
        choices=SHARED_LEVELS, null=True, blank=True, help_text="Empty: new conversations of members are not shared."
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(new_conversations=None) | Q(new_conversations__in=[1, 2]), name="team_level_is_shared"),
        ]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """One person in a team. `manages`: may rename the team, change its members and delete it. `shares_new`: agrees to its default."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="team_memberships")
    manages = models.BooleanField(default=False)
    shares_new = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        ordering = ["team_id", "joined_at", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="team_membership_unique")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class Share(models.Model):
    """A conversation that its owner shared with one person or one team."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="shares")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="shares")
    level = models.PositiveSmallIntegerField(choices=SHARED_LEVELS)
    created_at = models.DateTimeField()
    invitation = models.ForeignKey(  # no constraint: a deletion removes the rows of a conversation in batches, in any order
        "ShareLink",
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="shares",
        help_text="The invitation by which the person came; the share ends when it is withdrawn.",
    )

    class Meta:
        ordering = ["conversation_id", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, team__isnull=False) | Q(user__isnull=False, team=None), name="share_with_person_or_team"
            ),
            models.CheckConstraint(condition=Q(level__in=[1, 2]), name="share_level_is_shared"),
            models.UniqueConstraint(fields=["user", "conversation"], condition=Q(team=None), name="share_unique_person"),
            models.UniqueConstraint(fields=["team", "conversation"], condition=Q(user=None), name="share_unique_team"),
        ]

    def __str__(self) -> str:
        return f"{self.team or self.user}: {self.get_level_display()}"


class ShareLink(models.Model):
    """A link with a secret: to the public page of a conversation, to that of its summary, or an invitation to a live one.

    An invitation names the owner and the connection id, so that it can be sent before the conversation begins. The secret follows from the
    id and SECRET_KEY (`insights.access.links`); the table does not hold it.
    """

    class Kind(models.TextChoices):
        """What the link leads to."""

        PUBLIC = "public", "public page"
        SUMMARY = "summary", "public summary page"
        SPEAK = "speak", "invitation to speak"
        WATCH = "watch", "invitation to watch"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="share_links")
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, blank=True, related_name="share_links")
    experience = models.ForeignKey(  # no constraint: as `Share.invitation`
        Experience,
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="links",
        help_text="The summary page of a link of that kind; empty once the page was removed.",
    )
    connection_id = models.CharField(max_length=512, blank=True, default="")
    audio = models.BooleanField(default=False, help_text="Whether the public page plays the stored audio.")
    guests = models.BooleanField(default=False, help_text="Whether people without an account may join.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["public", "summary"], conversation__isnull=False, connection_id="")
                | (Q(kind__in=["speak", "watch"], conversation=None) & ~Q(connection_id="")),
                name="share_link_has_its_target",
            ),
        ]
        indexes = [models.Index(fields=["owner", "connection_id"], name="share_link_connection")]

    def __str__(self) -> str:
        return self.get_kind_display()


def shares_with(user_id: int) -> models.QuerySet[Share]:
    """Return the shares that give a person access: those with the person, and those with a team of the person."""
    return Share.objects.filter(Q(user_id=user_id) | Q(team_id__in=_teams_of(user_id))).order_by()


def is_shared_with(user_id: int) -> Q:
    """Return the condition for conversations that are shared with a person. OR inside one subquery would read all shares."""
    shares = Share.objects.order_by()
    direct = shares.filter(user_id=user_id).values("conversation_id")
    by_team = shares.filter(team_id__in=_teams_of(user_id)).values("conversation_id")
    return Q(pk__in=direct) | Q(pk__in=by_team)


def _teams_of(user_id: int) -> Any:
    return TeamMembership.objects.filter(user_id=user_id).order_by().values("team_id")
