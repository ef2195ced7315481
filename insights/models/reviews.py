"""The tables of the review queue: what reviewers decided about an insight there, and which insight a reviewer has open."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from insights import insight_kinds
from insights.models.findings import Insight

VERDICTS = [("accepted", "accepted"), ("rejected", "rejected")]


class InsightReview(models.Model):
    """The verdicts on one insight that were given in the review queue. The insight itself has the verdict that counts.

    `first`: the first opinion. `second`: that of another reviewer who did not see the first; empty until it is given. `settled`: the
    verdict of whoever decided after two different opinions. `kind` and `confidence` are those of the insight, for figures and order.
    """

    insight = models.OneToOneField(Insight, models.CASCADE, primary_key=True, related_name="queue_review")
    kind = models.CharField(max_length=insight_kinds.LONGEST_NAME, default="")
    confidence = models.FloatField()
    first = models.CharField(max_length=8, choices=VERDICTS)
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    first_at = models.DateTimeField()
    second_wanted = models.BooleanField(default=False, help_text="Whether the queue asks another reviewer, too.")
    second = models.CharField(max_length=8, choices=VERDICTS, blank=True, default="")
    second_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    second_at = models.DateTimeField(null=True, blank=True)
    settled = models.CharField(max_length=8, choices=VERDICTS, blank=True, default="")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__in=["accepted", "rejected"]), name="insight_review_first_known"),
            models.CheckConstraint(condition=Q(second__in=["", "accepted", "rejected"]), name="insight_review_second_known"),
            models.CheckConstraint(condition=Q(settled__in=["", "accepted", "rejected"]), name="insight_review_settled_known"),
            models.CheckConstraint(condition=Q(settled="") | ~Q(second=""), name="insight_review_settled_after_two"),
        ]
        indexes = [
            models.Index(fields=["confidence", "insight"], condition=Q(second_wanted=True, second=""), name="insight_review_second_waits"),
            models.Index(
                fields=["confidence", "insight"],
                condition=Q(settled="") & ~Q(second="") & ~Q(first=F("second")),
                name="insight_review_disagreed",
            ),
            models.Index(fields=["kind", "first", "second"], condition=~Q(second=""), name="insight_review_pairs"),
        ]

    def __str__(self) -> str:
        return f"{self.insight_id}: {self.first}"


class ReviewLease(models.Model):
    """The insight that a reviewer has open in the queue. Until the time is over, the queue gives it to nobody else."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    insight = models.OneToOneField(Insight, models.CASCADE, related_name="review_lease")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.insight_id}"
