"""The table of jobs: work after or beside the live path, done by workers."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from insights.models.conversations import Conversation


class Job(models.Model):
    """One job. The row is the truth about it; the task queue only tells workers that it can run.

    A job waits (`scheduled`) until `run_at`, and for earlier jobs of its conversation. `claim` names the attempt of a worker that runs
    it; a heartbeat that is too old means that the worker died, and the job is scheduled again.
    """

    class Status(models.TextChoices):
        """The status words of the Symbl API."""

        SCHEDULED = "scheduled"
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="jobs")
    kind = models.CharField(max_length=64)
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, blank=True, related_name="jobs")
    parameters = models.JSONField(default=dict, blank=True, help_text="What the handler needs; emptied at the end of an internal job.")
    webhook_url = models.CharField(max_length=2000, blank=True, default="")
    internal = models.BooleanField(default=False, help_text="Work of the server that no account asked for: not listed and not limited.")
    periodic = models.BooleanField(default=False, help_text="Runs again and again; there is one row of its kind.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.SCHEDULED)
    progress = models.FloatField(default=0.0, help_text="0 to 1.")
    reason = models.CharField(max_length=500, blank=True, default="", help_text="Why the job, or its last attempt, failed.")
    warnings = models.JSONField(default=list, blank=True, help_text="Sentences about what was accepted and not done.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False, help_text="The attempt that runs it now.")
    worker = models.CharField(max_length=200, blank=True, default="", help_text="Host name and process id of the last attempt.")
    cancel_requested = models.BooleanField(default=False)
    task_id = models.CharField(max_length=64, blank=True, default="", editable=False, help_text="Its task in the queue.")
    enqueued_at = models.DateTimeField(null=True, blank=True, help_text="When its task was put into the queue; empty: not yet.")
    run_at = models.DateTimeField(default=timezone.now, help_text="Does not run before.")
    heartbeat_at = models.DateTimeField(null=True, blank=True, help_text="Last heartbeat, by the clock of the database.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(periodic=True), name="job_one_of_a_periodic_kind"),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="job_progress_0_to_1"),
            models.CheckConstraint(condition=Q(status="in_progress") | Q(claim=None), name="job_claimed_while_in_progress"),
            models.CheckConstraint(condition=Q(status__in=["scheduled", "in_progress", "completed", "failed"]), name="job_status_known"),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="job_owner_newest"),
            models.Index(fields=["run_at"], condition=Q(status="scheduled"), name="job_waiting"),
            models.Index(fields=["heartbeat_at"], condition=Q(status="in_progress"), name="job_running"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def finished(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.status in (self.Status.COMPLETED, self.Status.FAILED)
