"""Insights of all conversations: filter by type, confidence and review; accept or reject one or many."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from insights import access, kind_words, recorder
from insights.admin.bases import RADIO_FIELDS, EditableText, InsightBase, Titled, WithConfidence, history, place, reviewer, submit_review
from insights.admin.filters import Confidence, InsightType, Review
from insights.admin.roles import ForReviewers
from insights.insight_kinds import kind_of
from insights.models import Insight, Reading


def _reviewed(verdict: str, number: int) -> str:
    if verdict == Insight.Review.ACCEPTED:
        return ngettext("%(number)d insight accepted.", "%(number)d insights accepted.", number) % {"number": number}
    return ngettext("%(number)d insight rejected.", "%(number)d insights rejected.", number) % {"number": number}


@admin.register(Insight)
class InsightAdmin(ForReviewers, WithConfidence, EditableText, Titled, InsightBase):
    """The list of insights. Only text and verdict can be changed, also in the list itself; both go through the recorder."""

    list_title, change_title = gettext_lazy("Insights"), gettext_lazy("Review an insight")
    list_display = ("kind", "text", "review", "where", "sure", "verdict")
    list_editable = ("text", "review")
    list_per_page = 50
    radio_fields = RADIO_FIELDS
    ordering = ("-conversation__started_at", "conversation", "message__number", "type", "id")
    list_filter = (
        Review,
        InsightType,
        Confidence,
        ("conversation__owner", admin.RelatedOnlyFieldListFilter),
        "conversation__started_at",
    )
    search_fields = ("text", "assignee_name", "conversation__name")
    list_select_related = ("conversation", "message__speaker__member", "reviewed_by")
    fields = (
        "text",
        "review",
        "original_text",
        "reviewed_by",
        "reviewed_at",
        "kind",
        "sure",
        "assignee_name",
        "due_at",
        "conversation",
        "message",
    )
    readonly_fields = fields[2:]
    actions = ("accept", "reject")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Insight]:
        """Return the insights of all conversations that are not deleted."""
        return super().get_queryset(request).filter(conversation__deleted_at=None)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, and store that the conversations of its insights were read."""
        response = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if shown is not None:
            access.note_readings((row.conversation for row in shown.result_list), reviewer(request), Reading.Place.INSIGHTS)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, and store that the conversation was read."""
        response = super().change_view(request, object_id, form_url, extra_context)
        if response.status_code == 200 and (insight := self.get_object(request, object_id)) is not None:
            access.note_readings([insight.conversation], reviewer(request), Reading.Place.REVIEW)
        return response

    @admin.display(description=gettext_lazy("Type"), ordering="type")
    def kind(self, insight: Insight) -> str:
        """Return the type."""
        return kind_words.label(kind_of(insight.type))

    @admin.display(description=gettext_lazy("Said"))
    def where(self, insight: Insight) -> str:
        """Return the speaker, the time and the conversation."""
        return gettext("%(place)s, in %(conversation)s") % {"place": place(insight.message), "conversation": insight.conversation}

    @admin.display(description=gettext_lazy("History"), ordering="reviewed_at")
    def verdict(self, insight: Insight) -> SafeString | str:
        """Return who reviewed it, when, and the original text."""
        return history(insight.original_text, insight.reviewed_by, insight.reviewed_at, insight.review)

    @admin.action(description=gettext_lazy("Accept the selected insights"), permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Insight]) -> None:
        """Mark these insights as accepted."""
        self._review(request, queryset, Insight.Review.ACCEPTED)

    @admin.action(description=gettext_lazy("Reject the selected insights"), permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Insight]) -> None:
        """Mark these insights as rejected."""
        self._review(request, queryset, Insight.Review.REJECTED)

    def _review(self, request: HttpRequest, queryset: QuerySet[Insight], verdict: str) -> None:
        # One by one: each review is an event of its conversation.
        changed = sum(bool(recorder.review_insight(pk, verdict, reviewer(request))) for pk in queryset.values_list("pk", flat=True))
        self.message_user(request, _reviewed(verdict, changed), messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Insight, form: Any, change: bool) -> None:
        """Pass the text and the verdict to the recorder."""
        submit_review(obj, form, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: insights are only found in messages."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: wrong insights are rejected, not deleted."""
        return False
