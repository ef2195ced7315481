"""The table of changes that people, and voice profiles, made to conversations."""

from django.conf import settings
from django.db import models

from insights.models.conversations import Conversation


class Change(models.Model):
    """One edit by a person, or one name that a voice profile gave (`VOICE_NAMED`, without `user`): what it changed, from what and to what.

    `target` is the id of the conversation, member, message, insight or bookmark that was edited. `before` and `after` hold the changed
    fields of every row that the edit touched, by table and id, null where there was no row (`insights.recorder.edits.row_states`).
    """

    class Kind(models.TextChoices):
        """What was edited."""

        CONVERSATION = "conversation"
        MEMBER = "member"
        MEMBERS_MERGED = "members_merged"
        SPEAKERS = "speakers"
        VOICE_NAMED = "voice_named"
        MESSAGE = "message"
        MESSAGE_SPLIT = "message_split"
        MESSAGES_JOINED = "messages_joined"
        INSIGHT = "insight"
        INSIGHT_ADDED = "insight_added"
        BOOKMARK = "bookmark"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    kind = models.CharField(max_length=32, choices=Kind)
    target = models.CharField(max_length=36)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undoes = models.OneToOneField(  # no constraint: a deletion removes the rows of a conversation in batches, in any order
        "self", models.CASCADE, null=True, blank=True, db_constraint=False, related_name="undone_by"
    )

    class Meta:
        ordering = ["conversation_id", "id"]
        indexes = [models.Index(fields=["conversation", "id"], name="change_conversation_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"

    @property
    def by_profile(self) -> bool:
        """Whether a voice profile made it, not a person. The undoing of such a change is by a person."""
        return self.kind == self.Kind.VOICE_NAMED and self.undoes_id is None
