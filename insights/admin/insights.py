"""Insights across all conversations: found by type, confidence and review, accepted or rejected one by one or many at once."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from insights import recorder
from insights.admin.bases import InsightBase, WithConfidence, reviewer
from insights.admin.filters import Confidence, InsightType, Review
from insights.models import Insight


@admin.register(Insight)
class InsightAdmin(WithConfidence, InsightBase):
    """Only the wording and the verdict can be changed, both through the recorder."""

    list_display = ("text", "type", "sure", "review", "conversation", "reviewed_by", "reviewed_at")
    list_filter = (
        InsightType,
        Confidence,
        Review,
        ("conversation__owner", admin.RelatedOnlyFieldListFilter),
        "conversation__started_at",
    )
    search_fields = ("text", "assignee_name", "conversation__name")
    list_select_related = ("conversation", "reviewed_by")
    fields = (
        "text",
        "review",
        "original_text",
        "reviewed_by",
        "reviewed_at",
        "type",
        "sure",
        "assignee_name",
        "due_at",
        "conversation",
        "message",
    )
    readonly_fields = fields[2:]
    actions = ("accept", "reject")
    show_full_result_count = False

    @admin.action(description="Accept the selected insights", permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Insight]) -> None:
        """Note that these are right."""
        self._review(request, queryset, Insight.Review.ACCEPTED)

    @admin.action(description="Reject the selected insights", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Insight]) -> None:
        """Note that these are wrong."""
        self._review(request, queryset, Insight.Review.REJECTED)

    def _review(self, request: HttpRequest, queryset: QuerySet[Insight], verdict: str) -> None:
        # One after the other: each is an event of its own conversation.
        changed = sum(bool(recorder.review_insight(pk, verdict, reviewer(request))) for pk in queryset.values_list("pk", flat=True))
        self.message_user(request, f"{changed} {verdict}.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Insight, form: Any, change: bool) -> None:
        """Hand the wording and the verdict to the recorder."""
        recorder.review_insight(obj.pk, form.cleaned_data["review"], reviewer(request), form.cleaned_data["text"])

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds what was not said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is wrong is rejected, not removed."""
        return False
