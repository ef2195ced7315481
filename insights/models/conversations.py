"""The tables of conversations, their members and their live sessions."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insights.models.processes import ServerProcess

LEAST_ID = 10**15
MOST_ID = 2**53 - 1  # the largest integer that JavaScript represents exactly
_REDACTION = "Set: its stored text is being redacted with this mask."


def new_conversation_id() -> int:
    """Return a random id of 16 digits, below 2**53."""
    return LEAST_ID + secrets.randbelow(MOST_ID - LEAST_ID + 1)


class VisibleConversations(models.Manager["Conversation"]):
    """The conversations that are neither in the bin nor deleted for good."""

    def get_queryset(self) -> models.QuerySet["Conversation"]:
        """Return the visible conversations."""
        return super().get_queryset().filter(deleted_at=None)


class Conversation(models.Model):
    """A conversation. While `ended_at` is empty it is live, and its connection id is unique for its owner.

    `last_event` and `message_count` are the last numbers of events and messages. A writer locks the row first, so that the numbers have
    no gaps. `objects` has the visible conversations; only code that concerns deletion uses `everything`.
    """

    id = models.BigIntegerField(primary_key=True, default=new_conversation_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations", verbose_name=_("owner"))
    connection_id = models.CharField(
        max_length=512, help_text=_("The name that clients gave the live connection."), verbose_name=_("connection id")
    )
    name = models.CharField(max_length=500, verbose_name=_("name"))
    type = models.CharField(max_length=32, default="meeting", verbose_name=_("type"))
    language = models.CharField(max_length=35, default="en-US", verbose_name=_("language"))
    timezone_offset = models.SmallIntegerField(default=0, help_text="Minutes east of UTC.")
    started_at = models.DateTimeField(verbose_name=_("start"))
    ended_at = models.DateTimeField(null=True, blank=True, verbose_name=_("end"))
    closes_at = models.DateTimeField(null=True, blank=True, help_text="Nobody is connected; ends then unless somebody comes back.")
    last_event = models.BigIntegerField(default=0)
    message_count = models.PositiveIntegerField(default=0, verbose_name=_("messages"))
    messages_deleted = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    metadata = models.JSONField(default=dict, blank=True, verbose_name=_("metadata"))
    webhook_url = models.CharField(max_length=2048, blank=True, default="", help_text="Where a client wants the progress to be posted.")
    detect_phrases = models.BooleanField(
        default=False, db_default=False, help_text="Whether readers get the action phrases of messages without asking for them."
    )
    all_trackers = models.BooleanField(
        default=False, db_default=False, help_text="Whether a speaker or an import uses the trackers of the account and the managed ones."
    )
    sample = models.BooleanField(default=False, db_default=False, editable=False, help_text="Whether it is the sample, which nobody spoke.")
    trackers = models.JSONField(default=list, blank=True, help_text="The trackers that speakers or imports brought: name, vocabulary, id.")
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Set: hidden; in the bin since then.")
    erased_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Set: deleted for good, rows still to remove.")
    redaction = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False, help_text=_REDACTION)

    objects = VisibleConversations()
    everything = models.Manager["Conversation"]()

    class Meta:
        verbose_name, verbose_name_plural = _("conversation"), _("conversations")
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "connection_id"], condition=Q(ended_at=None), name="one_live_conversation_per_connection"
            ),
            models.CheckConstraint(condition=Q(id__gte=LEAST_ID, id__lte=MOST_ID), name="conversation_id_has_16_digits"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="conversation_ends_after_start"),
            models.CheckConstraint(condition=Q(last_event__gte=0), name="conversation_last_event_not_negative"),
            models.CheckConstraint(condition=Q(erased_at=None) | Q(deleted_at__isnull=False), name="conversation_erased_is_hidden"),
            models.CheckConstraint(condition=Q(deleted_at=None) | Q(ended_at__isnull=False), name="conversation_hidden_has_ended"),
        ]
        indexes = [
            models.Index(fields=["owner", "started_at"], name="conversation_owner_start"),
            models.Index(fields=["-started_at", "-id"], name="conversation_newest"),
            models.Index(fields=["closes_at"], condition=Q(ended_at=None), name="conversation_closing"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="conversation_hidden"),
            models.Index(fields=["id"], condition=~Q(redaction=""), name="conversation_redacting"),
            models.Index(fields=["id"], condition=Q(deleted_at__isnull=False) | Q(sample=True), name="conversation_unreviewed"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def messages_left(self) -> int:
        """The number of messages, without the deleted ones."""
        return max(0, self.message_count - self.messages_deleted)


class Member(models.Model):
    """A person in a conversation, identified by the user id, else by the e-mail address, else by the name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="members")
    user_id = models.CharField(max_length=320, blank=True, default="", help_text="What the client calls this person; no account of ours.")
    name = models.CharField(max_length=320, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    attributes = models.JSONField(default=dict, blank=True, help_text="Further fields that the client gave: texts, numbers, truth values.")
    joined_at = models.DateTimeField(auto_now_add=True)
    merged_into = models.ForeignKey(  # no constraint: a deletion removes the rows of a conversation in batches, in any order
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,  # an index of all members would be chosen for `merged_into IS NULL`, which is nearly all of them
        related_name="merged",
        help_text="The member that this one turned out to be.",
    )

    class Meta:
        ordering = ["joined_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user_id"], condition=~Q(user_id=""), name="member_unique_user_id"),
            models.UniqueConstraint(fields=["conversation", "email"], condition=Q(user_id="") & ~Q(email=""), name="member_unique_email"),
            models.UniqueConstraint(fields=["conversation", "name"], condition=Q(user_id="", email=""), name="member_unique_name"),
        ]
        indexes = [
            models.Index(fields=["conversation", "joined_at"], name="member_conversation_joined"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="member_merged"),
        ]

    def __str__(self) -> str:
        return self.name or self.user_id or self.email


class Speaker(models.Model):
    """A voice in one audio source. It points to a member once it is known whose voice it is.

    The person behind a message is the member of its speaker, so that changing `member` renames or merges speakers in every message.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="speakers")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … in the order in which the speakers first said something.")
    source = models.UUIDField(null=True, blank=True, editable=False, help_text="The audio source; empty if it was not stored.")
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="speakers")
    diarization = models.ForeignKey(
        "insights.Diarization", models.SET_NULL, null=True, blank=True, related_name="speakers", help_text="Set: one of several voices."
    )
    voice = models.PositiveSmallIntegerField(null=True, blank=True, editable=False, help_text="The number of the voice in its diarization.")

    class Meta:
        ordering = ["conversation_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="speaker_number_unique"),
            models.UniqueConstraint(fields=["conversation", "source"], condition=Q(source__isnull=False), name="speaker_source_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="speaker_number_from_1"),
        ]

    def __str__(self) -> str:
        return str(self.member) if self.member else self.label

    @property
    def label(self) -> str:
        """The text for a speaker whose member is unknown: `Speaker 1`."""
        return f"Speaker {self.number}"


class LiveSession(models.Model):
    """One speaker's connection. It is stale once the row of its process is gone, and then removed."""

    id = models.UUIDField(primary_key=True)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="live_sessions")
    member = models.ForeignKey(Member, models.CASCADE, null=True, blank=True, related_name="live_sessions")
    process = models.ForeignKey(  # no constraint: deleting the row of a dead process must not wait for the rows of its sessions
        ServerProcess, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="live_sessions"
    )
    joined_at = models.DateTimeField()
    keep_s = models.PositiveIntegerField(
        default=0, help_text="How long the conversation waits when this was the last connection and it got lost."
    )

    def __str__(self) -> str:
        return str(self.id)
