"""The table of the settings of an account that its user may change."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy

MOST_DAYS = 36_500


class NotificationContent(models.TextChoices):
    """What is in the mails to an account, besides a link."""

    TITLE = "title", gettext_lazy("title and link")
    COUNTS = "counts", gettext_lazy("also how long it was and what was found")
    WORDS = "words", gettext_lazy("also the summary and the words of tasks")


class AccountSettings(models.Model):
    """The settings of one account. An account without a row has the defaults.

    `store_audio`: whether audio is stored where a client does not say. `keep_days` and `keep_audio_days` are days after the end of a
    conversation; the installation's own limits apply where they are shorter. The fields with `max` and `most` are set by administrators.
    """

    _DAYS = [MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="account_settings")
    keep_days = models.PositiveIntegerField(null=True, blank=True, validators=_DAYS, help_text="Days that ended conversations are kept.")
    keep_audio_days = models.PositiveIntegerField(null=True, blank=True, validators=_DAYS, help_text="Days that audio is kept.")

    store_audio = models.BooleanField(default=False, db_default=False, help_text="Store the audio of every session.")

    language = models.CharField(max_length=10, blank=True, default="", db_default="", help_text="Empty: that of the browser.")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="", help_text="Empty: that of the browser.")
    max_jobs = models.PositiveIntegerField(null=True, blank=True, help_text="Unfinished jobs at once. Empty: MAX_JOBS_PER_ACCOUNT.")
    max_sessions = models.PositiveIntegerField(null=True, blank=True, help_text="People who speak at once in its conversations.")
    most_keep_days = models.PositiveIntegerField(null=True, blank=True, validators=_DAYS, help_text="Set by administrators.")

    voice_profiles = models.BooleanField(default=False, db_default=False, help_text="Enrol voices, and name speakers by them.")

    public_summaries = models.BooleanField(default=False, db_default=False, help_text="Summary pages that apps request are public.")
    public_summary_audio = models.BooleanField(default=False, db_default=False, help_text="Those of audio-summary play the stored audio.")

    notify_over = models.BooleanField(default=True, db_default=True, help_text="Send a mail when a conversation is over.")
    notify_tasks = models.BooleanField(default=True, db_default=True, help_text="Send a mail about tasks of this account.")
    notify_shares = models.BooleanField(
        default=True, db_default=True, help_text="Send a mail when a conversation is shared with this account."
    )
    notify_content = models.CharField(
        max_length=8, choices=NotificationContent, default=NotificationContent.TITLE, db_default=NotificationContent.TITLE
    )

    class Meta:
        verbose_name_plural = "account settings"
        constraints = [
            models.CheckConstraint(condition=Q(notify_content__in=["title", "counts", "words"]), name="account_notify_content_known"),
            models.CheckConstraint(condition=Q(keep_days=None) | Q(keep_days__gte=1), name="account_keep_days_from_1"),
            models.CheckConstraint(condition=Q(most_keep_days=None) | Q(most_keep_days__gte=1), name="account_most_keep_days_from_1"),
            models.CheckConstraint(condition=Q(keep_audio_days=None) | Q(keep_audio_days__gte=1), name="account_keep_audio_days_from_1"),
        ]

    def __str__(self) -> str:
        return f"settings of {self.user_id}"
