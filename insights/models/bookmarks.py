"""The tables of bookmarks, and of experiences: pages of a conversation that were requested over the API."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from insights.models.conversations import LEAST_ID, MOST_ID, Conversation, new_conversation_id
from insights.models.messages import Message

LONGEST_LABEL = 256
LONGEST_DESCRIPTION = 2000


class Bookmark(models.Model):
    """A part of a conversation with a label: either a stretch of time, in seconds from the start, or some messages."""

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="bookmarks")
    label = models.CharField(max_length=LONGEST_LABEL)
    description = models.TextField(blank=True, default="")
    user_id = models.CharField(max_length=320, blank=True, default="", help_text="What the client calls the person; no account of ours.")
    user_name = models.CharField(max_length=320, blank=True, default="")
    user_email = models.CharField(max_length=320, blank=True, default="")
    begin_s = models.FloatField(null=True, blank=True, help_text="Empty: the bookmark has messages instead.")
    duration_s = models.FloatField(null=True, blank=True)
    messages = models.ManyToManyField(Message, through="BookmarkReference", related_name="bookmarks")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["conversation_id", "created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(label=""), name="bookmark_has_a_label"),
            models.CheckConstraint(
                condition=Q(begin_s=None, duration_s=None) | Q(begin_s__gte=0, duration_s__gte=0), name="bookmark_has_begin_and_duration"
            ),
            models.CheckConstraint(condition=Q(id__gte=LEAST_ID, id__lte=MOST_ID), name="bookmark_id_has_16_digits"),
        ]

    def __str__(self) -> str:
        return self.label


class BookmarkReference(models.Model):
    """A message of a bookmark."""

    bookmark = models.ForeignKey(Bookmark, models.CASCADE, related_name="references")
    message = models.ForeignKey(Message, models.CASCADE, related_name="bookmark_references")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["bookmark", "message"], name="bookmark_reference_unique")]

    def __str__(self) -> str:
        return f"{self.bookmark_id} has {self.message_id}"


class Experience(models.Model):
    """A page of a conversation's summary with the look that was requested. It exists until `expires_at`; empty: as long as the
    conversation.
    """

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="experiences")
    name = models.CharField(max_length=64)
    background = models.CharField(max_length=7, blank=True, default="", help_text="A colour such as #ffcc00; empty: that of the portal.")
    topics_colour = models.CharField(max_length=7, blank=True, default="")
    insights_colour = models.CharField(max_length=7, blank=True, default="")
    font = models.CharField(max_length=64, blank=True, default="", help_text="A font that the reader's device has; none is loaded.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["conversation_id", "created_at", "id"]
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{field: ""}) | Q(**{f"{field}__regex": "^#[0-9a-f]{6}$"}), name=f"experience_{field}_valid"
                )
                for field in ("background", "topics_colour", "insights_colour")
            ),
            models.CheckConstraint(condition=Q(font="") | Q(font__regex="^[A-Za-z0-9][A-Za-z0-9 -]*$"), name="experience_font_valid"),
        ]

    def __str__(self) -> str:
        return self.name
