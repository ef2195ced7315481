"""The table of deletions: what was deleted, by whom and when, without any content."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Deletion(models.Model):
    """One deletion, redaction or move to the bin. It holds ids and numbers only, and outlives the conversation."""

    class Kind(models.TextChoices):
        """What happened."""

        BINNED = "binned", _("moved to the bin")
        RESTORED = "restored", _("restored from the bin")
        CONVERSATION = "conversation", _("conversation deleted")
        MESSAGE = "message", _("message deleted")
        INSIGHT = "insight", _("insight deleted")
        REDACTION = "redaction", _("stored text redacted")
        MEMBER = "member", _("words of a member deleted")
        ACCOUNT = "account", _("account deleted")
        VOICE_PROFILE = "voice_profile", _("voice profile deleted")

    kind = models.CharField(max_length=16, choices=Kind.choices, verbose_name=_("kind"))
    conversation_id = models.BigIntegerField(null=True, blank=True, verbose_name=_("id of the conversation"))
    item_id = models.UUIDField(
        null=True, blank=True, help_text=_("The message, insight, member or voice profile."), verbose_name=_("id of the item")
    )
    owner_id = models.BigIntegerField(
        null=True, blank=True, help_text=_("The id of the account that had it."), verbose_name=_("id of the owner")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: retention or a command."),
        verbose_name=_("by"),
    )
    at = models.DateTimeField(verbose_name=_("time"))
    counts = models.JSONField(default=dict, blank=True, help_text=_("How many rows of each kind it concerned."), verbose_name=_("counts"))

    class Meta:
        verbose_name, verbose_name_plural = _("deletion"), _("deletions")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="deletion_newest"),
            models.Index(fields=["conversation_id", "kind"], name="deletion_conversation"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.conversation_id or self.owner_id or ''}"
