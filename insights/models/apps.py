"""The table of apps: credentials that programs exchange for access tokens."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class App(models.Model):
    """The credentials of a program that acts as its owner. Only the SHA-256 of the secret is stored."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="apps")
    name = models.CharField(max_length=200)
    app_id = models.CharField(max_length=64, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the secret, in hexadecimal.")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, help_text="Set: neither the secret nor any token of this app is accepted.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(app_id__regex="^[0-9a-zA-Z]{64}$"), name="app_id_is_64_alphanumerics"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.app_id[:8]}…)"
