"""The table of deletions: what was deleted, by whom and when, without any content."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy


class Deletion(models.Model):
    """One deletion, redaction or move to the bin. It holds ids and numbers only, and outlives the conversation."""

    class Kind(models.TextChoices):
        """What happened."""

        BINNED = "binned", "moved to the bin"
        RESTORED = "restored", "restored from the bin"
        CONVERSATION = "conversation", "conversation deleted"
        MESSAGE = "message", "message deleted"
        INSIGHT = "insight", "insight deleted"
        REDACTION = "redaction", "stored text redacted"
        MEMBER = "member", "words of a member deleted"
        ACCOUNT = "account", "account deleted"
        VOICE_PROFILE = "voice_profile", "voice profile deleted"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    conversation_id = models.BigIntegerField(null=True, blank=True)
    item_id = models.UUIDField(null=True, blank=True, help_text="The message, insight, member or voice profile.")
    owner_id = models.BigIntegerField(null=True, blank=True, help_text="The id of the account that had it.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", help_text="Empty: retention or a command."
    )
    at = models.DateTimeField()
    counts = models.JSONField(default=dict, blank=True, help_text="How many rows of each kind it concerned.")

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("deletion"), gettext_lazy("deletions")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["-at", "-id"], name="deletion_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.conversation_id or self.owner_id or ''}"
