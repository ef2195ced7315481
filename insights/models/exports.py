"""The tables of exports: files that jobs make of conversations, and which conversations are in them."""

from django.db import models
from django.db.models import Q

from insights.models.conversations import Conversation
from insights.models.jobs import Job


class Export(models.Model):
    """What the file of an export job has in it, and where it is.

    The row holds no words. `revision` grows when words of its conversations are deleted while the job makes the file, so that the job
    makes it again. `has_file`: there may be a file, or a part of one, in the storage.
    """

    class State(models.TextChoices):
        """What can be done with the file."""

        REQUESTED = "requested"
        READY = "ready"
        REMOVED = "removed"

    class Removal(models.TextChoices):
        """Why the file was removed."""

        EXPIRED = "expired"
        DELETED = "deleted"
        ACCESS = "access"
        REQUEST = "request"

    job = models.OneToOneField(Job, models.CASCADE, primary_key=True, related_name="export")
    format = models.CharField(max_length=16, blank=True, default="", help_text="The format of each conversation; empty with `everything`.")
    everything = models.BooleanField(default=False, help_text="All data of the account.")
    notes = models.BooleanField(default=False, db_default=False, help_text="With the private notes of the account that asked for it.")
    state = models.CharField(max_length=16, choices=State, default=State.REQUESTED)
    removal = models.CharField(max_length=16, choices=Removal, blank=True, default="")
    revision = models.PositiveIntegerField(default=0)
    conversation_count = models.PositiveIntegerField(default=0)
    has_file = models.BooleanField(default=False)
    file = models.CharField(max_length=200, blank=True, default="", help_text="Name of the file in the storage.")
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["requested", "ready", "removed"]), name="export_state_known"),
            models.CheckConstraint(
                condition=~Q(state="ready") | (Q(expires_at__isnull=False, has_file=True) & ~Q(file="")), name="export_ready_has_file"
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="export_size_not_negative"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="ready"), name="export_ready"),
            models.Index(fields=["job"], condition=Q(state="removed", has_file=True), name="export_file_to_remove"),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"


class ExportedConversation(models.Model):
    """A conversation of an export."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="exported")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="exported")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["export", "conversation"], name="exported_conversation_once")]

    def __str__(self) -> str:
        return f"{self.conversation_id} in export {self.export_id}"
