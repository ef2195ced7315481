"""The tables of roles, and of who read the conversations of others because of one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

from insights.models.conversations import Conversation


class Role(models.TextChoices):
    """What an account may do beyond its own conversations. Every account is a member; that role is not stored."""

    MEMBER = "member", gettext_lazy("Member")
    REVIEWER = "reviewer", gettext_lazy("Reviewer")
    ADMINISTRATOR = "administrator", gettext_lazy("Administrator")


class AccountRole(models.Model):
    """One role that was given to an account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_roles")
    role = models.CharField(
        max_length=16, choices=[(one.value, one.label) for one in Role if one != Role.MEMBER], verbose_name=gettext_lazy("role")
    )
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", help_text="Empty: a command or a migration."
    )

    class Meta:
        ordering = ["user_id", "role"]
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="account_role_unique"),
            models.CheckConstraint(condition=Q(role__in=["reviewer", "administrator"]), name="account_role_is_known"),
        ]

    def __str__(self) -> str:
        return self.get_role_display()


class Reading(models.Model):
    """One reading of a conversation by somebody who is neither its owner nor was given access to it: a reviewer."""

    class Place(models.TextChoices):
        """Where it was read."""

        REVIEW = "review", "opened for review"
        INSIGHTS = "insights", "insights read in the list"
        EXPORT = "export", "exported"
        QUEUE = "queue", "read in the review queue"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="readings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=16, choices=Place)
    at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "-at"]
        indexes = [models.Index(fields=["conversation", "-at"], name="reading_conversation_newest")]

    def __str__(self) -> str:
        return self.get_place_display()
