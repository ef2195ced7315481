"""The tables of invitations, and of links that an account asked for where no mail server is configured."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy


class Invitation(models.Model):
    """An invitation to create an account. Its link holds a signature of `id` (`insights.access.account_invitations`), which is not stored.

    `email`: the address that the account gets; empty: whoever opens the link chooses one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=150, blank=True)
    role = models.CharField(max_length=20)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    mailed = models.BooleanField(default=False, help_text="The link was sent by mail.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(withdrawn_at=None) | Q(accepted_at=None), name="invitation_withdrawn_or_accepted"),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.created_at:%d %b %Y}"


class LinkRequest(models.Model):
    """A link that an account asked for and that no mail server could send. Administrators see it on the people page."""

    RESET, CONFIRM = "reset", "confirm"
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="link_requests")
    kind = models.CharField(
        max_length=10, choices=[(RESET, gettext_lazy("new password")), (CONFIRM, gettext_lazy("confirmation of the address"))]
    )
    requested_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_link_request_of_a_kind"),
            models.CheckConstraint(condition=Q(kind__in=["reset", "confirm"]), name="link_request_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user_id}"
