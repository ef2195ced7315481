"""The tables of messages (one stored sentence each) and of the entities in them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insights.models.conversations import Conversation, Member, Speaker


class Message(models.Model):
    """One sentence of one speaker.

    `words` is a list of {word, startTime, endTime, score} with ISO 8601 times. `offset_s` is seconds from the start of the conversation,
    `duration_s` seconds, `sentiment` from -1 to 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation"))
    number = models.PositiveIntegerField(editable=False, help_text="1, 2, 3 … in the order of storing.")
    speaker = models.ForeignKey(Speaker, models.RESTRICT, related_name="messages")
    text = models.TextField(verbose_name=_("text"))
    original_text = models.TextField(
        blank=True, default="", help_text=_("What was heard, where the text was changed since."), verbose_name=_("original text")
    )
    words = models.JSONField(default=list, blank=True)
    confidence = models.FloatField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    offset_s = models.FloatField(default=0)
    duration_s = models.FloatField(default=0)
    sentiment = models.FloatField(default=0)
    phrases = models.JSONField(default=list, blank=True, help_text="Action phrases in the text.")
    overlap = models.BooleanField(default=False, db_default=False, help_text="Whether another person of the same audio source speaks, too.")
    language = models.CharField(max_length=35, blank=True, default="", db_default="", help_text="Empty: that of the conversation.")
    translation = models.TextField(blank=True, default="", db_default="", help_text="The text in English, where it was wanted.")
    voice = models.PositiveSmallIntegerField(null=True, blank=True, editable=False, help_text="The voice that was heard, of several.")
    speaker_chosen = models.BooleanField(default=False, db_default=False, help_text="Whether a person said who speaks.")
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("corrected by")
    )
    corrected_at = models.DateTimeField(null=True, blank=True, verbose_name=_("corrected at"))

    class Meta:
        verbose_name, verbose_name_plural = _("message"), _("messages")
        ordering = ["conversation_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="message_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="message_number_from_1"),
            models.CheckConstraint(condition=Q(confidence__gte=0, confidence__lte=1), name="message_confidence_0_to_1"),
            models.CheckConstraint(condition=Q(sentiment__gte=-1, sentiment__lte=1), name="message_sentiment_within_1"),
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="message_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def member(self) -> Member | None:
        """Who said it: the member of the speaker, None if unknown. Queries select `speaker__member` together with the message."""
        return self.speaker.member

    @property
    def member_id(self) -> uuid.UUID | None:
        """The id of `member`; queries select `speaker`."""
        return self.speaker.member_id


class Entity(models.Model):
    """A person, date, amount or other entity in a message, with its offset in the text and its normalised value."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="entities")
    type = models.CharField(max_length=32)
    text = models.TextField()
    offset = models.PositiveIntegerField(help_text="First character in the message's text, from 0.")
    value = models.JSONField(default=dict)

    class Meta:
        ordering = ["message_id", "offset", "id"]
        verbose_name_plural = "entities"

    def __str__(self) -> str:
        return f"{self.type}: {self.text[:60]}"
