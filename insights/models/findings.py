"""The tables of analysis results: insights, topics and tracker matches."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from insights import insight_kinds
from insights.models.conversations import Conversation, Member
from insights.models.messages import Message


class Insight(models.Model):
    """An insight with its review by a person. `type` is the name of its kind (`insights.insight_kinds`), which no constraint lists.

    `tags`, `hints` and `entities` are JSON lists in the form that clients get (see `insights.payloads`).
    """

    class Review(models.TextChoices):
        """What a person decided about an insight."""

        PENDING = "pending", _("Pending")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="insights", verbose_name=_("conversation"))
    message = models.ForeignKey(Message, models.CASCADE, related_name="insights", verbose_name=_("message"))
    type = models.CharField(max_length=insight_kinds.LONGEST_NAME, choices=insight_kinds.choices, verbose_name=_("type"))
    text = models.TextField(verbose_name=_("text"))
    original_text = models.TextField(
        blank=True, default="", help_text=_("What was found, where a person reworded it."), verbose_name=_("original text")
    )
    confidence = models.FloatField(verbose_name=_("confidence"))
    assignee = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="assigned", verbose_name=_("assignee"))
    assignee_name = models.CharField(max_length=320, blank=True, default="", verbose_name=_("assignee"))
    due_at = models.DateTimeField(null=True, blank=True, verbose_name=_("due date"))
    done_at = models.DateTimeField(null=True, blank=True, help_text="When a person marked it as done.")
    definitive = models.BooleanField(default=False)
    action_phrase = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    hints = models.JSONField(default=list, blank=True)
    entities = models.JSONField(default=list, blank=True)
    review = models.CharField(max_length=8, choices=Review.choices, default=Review.PENDING, verbose_name=_("review"))
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("reviewed by")
    )
    reviewed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("reviewed at"))
    found_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When it was stored.")

    class Meta:
        verbose_name, verbose_name_plural = _("insight"), _("insights")
        ordering = ["conversation_id", "message__number", "type", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(review__in=["pending", "accepted", "rejected"]), name="insight_review_known"),
            models.CheckConstraint(condition=Q(confidence__gte=0, confidence__lte=1), name="insight_confidence_0_to_1"),
            models.CheckConstraint(
                condition=Q(review="pending", reviewed_at=None) | ~Q(review="pending") & Q(reviewed_at__isnull=False),
                name="insight_review_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "type"], name="insight_conversation_type"),
            models.Index(fields=["type", "confidence"], name="insight_type_confidence"),
            # the review queue in its order; the further columns let the database filter without reading the rows
            models.Index(
                fields=["confidence", "id", "type", "found_at", "conversation"], condition=Q(review="pending"), name="insight_waiting"
            ),
            models.Index(
                fields=["review", "confidence", "id", "type", "found_at", "conversation"],
                condition=~Q(review="pending"),
                name="insight_reviewed",
            ),
            models.Index(  # the figures
                fields=["type", "review", "found_at", "conversation"], condition=~Q(review="pending"), name="insight_verdicts"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Topic(models.Model):
    """What a conversation is about so far, with a score from 0 to 1."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="topics")
    text = models.CharField(max_length=300)
    score = models.FloatField()
    sentiment = models.FloatField(default=0)
    parent_text = models.CharField(max_length=300, blank=True, default="")
    messages = models.ManyToManyField(Message, through="TopicReference", related_name="topics")

    class Meta:
        ordering = ["conversation_id", "-score", "text"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "text"], name="topic_text_unique"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="topic_score_0_to_1"),
        ]

    def __str__(self) -> str:
        return self.text


class TopicReference(models.Model):
    """A message that has a topic."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="references")
    message = models.ForeignKey(Message, models.CASCADE, related_name="topic_references")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["topic", "message"], name="topic_reference_unique")]

    def __str__(self) -> str:
        return f"{self.topic_id} in {self.message_id}"


class TrackerMatch(models.Model):
    """A place where a tracker's phrase was found: in a message or, with `insight`, in an insight of that message."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="tracker_matches")
    tracker_name = models.CharField(max_length=320)
    tracker_id = models.CharField(max_length=64)
    value = models.TextField(help_text="The phrase of the tracker's vocabulary.")
    text = models.TextField(help_text="What was said.")
    offset = models.IntegerField(help_text="First character in the text, from 0; -1: similar words, no exact place.")
    message = models.ForeignKey(Message, models.CASCADE, related_name="tracker_matches")
    insight = models.ForeignKey(Insight, models.CASCADE, null=True, blank=True, related_name="tracker_matches")

    class Meta:
        ordering = ["conversation_id", "message__number", "offset", "id"]
        verbose_name_plural = "tracker matches"
        constraints = [models.CheckConstraint(condition=Q(offset__gte=-1), name="tracker_offset_from_minus_1")]

    def __str__(self) -> str:
        return f"{self.tracker_name}: {self.text[:60]}"
