"""The table of apps: credentials that programs exchange for access tokens."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

ALL_SCOPES = "stream read write manage"
_SCOPES = "^(stream|read|write|manage)( (stream|read|write|manage))*$"


class App(models.Model):
    """The credentials of a program that acts as its owner. Only the SHA-256 of the secret is stored.

    The app's current token is stored as its id and its times, from which `insights.tokens` makes the same text again. Tokens of an earlier
    generation are revoked. An app with a `password_mark` stands for tokens that its owner got with the password; it has no secret.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="apps", verbose_name=_("owner"))
    name = models.CharField(max_length=200, verbose_name=_("name"))
    app_id = models.CharField(max_length=64, unique=True, editable=False, verbose_name=_("app id"))
    secret_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the secret, in hexadecimal.")
    scopes = models.CharField(
        max_length=100,
        default=ALL_SCOPES,
        help_text=_("Names, separated by spaces: stream, read, write, manage."),
        verbose_name=_("scopes"),
    )
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("created"))
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text=_("From then on neither the secret nor any token is accepted."), verbose_name=_("expires")
    )
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Accurate to ten minutes."), verbose_name=_("last used")
    )
    revoked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Set: neither the secret nor any token of this app is accepted."), verbose_name=_("revoked")
    )
    token_generation = models.PositiveIntegerField(default=0, editable=False, help_text="Grows when all tokens are revoked.")
    token_id = models.CharField(max_length=32, blank=True, default="", editable=False)
    token_issued_at = models.BigIntegerField(default=0, editable=False, help_text="Seconds since 1970.")
    token_expires_at = models.BigIntegerField(default=0, editable=False, help_text="Seconds since 1970.")
    password_mark = models.CharField(max_length=64, blank=True, default="", editable=False, help_text="Changes with the owner's password.")

    class Meta:
        verbose_name, verbose_name_plural = _("app"), _("apps")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(app_id__regex="^[0-9a-zA-Z]{64}$"), name="app_id_is_64_alphanumerics"),
            models.CheckConstraint(condition=Q(scopes__regex=_SCOPES), name="app_scopes"),
            models.UniqueConstraint(fields=["owner"], condition=Q(revoked_at=None) & ~Q(password_mark=""), name="one_app_for_the_password"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.app_id[:8]}…)"
