"""Conversations: search, filters, inline messages and insights, corrections, reviews, export."""

from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString

from insights import exports, queries, recorder
from insights.admin.bases import (
    VERDICTS,
    ConversationBase,
    FormSetBase,
    Titled,
    WithConfidence,
    history,
    place,
    reviewer,
    submit_review,
    time_element,
)
from insights.admin.filters import Bin, Confidence, InsightType, Review, Year
from insights.admin.paging import PagedInline, links
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, Message


class MessageInline(WithConfidence, PagedInline):
    """The messages of a conversation; only the text can be changed."""

    model = Message
    page_parameter = "messages"
    fields = ("said", "text", "sure", "correction")
    readonly_fields = ("said", "sure", "correction")
    ordering = ("number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Return the rows with what their columns show."""
        return super().get_queryset(request).select_related("speaker__member", "corrected_by")

    @admin.display(description="Said by")
    def said(self, message: Message) -> str:
        """Return the speaker and the time."""
        return place(message)

    @admin.display(description="Correction")
    def correction(self, message: Message) -> SafeString | str:
        """Return who corrected it, when, and the recognised text."""
        return history(message.original_text, message.corrected_by, message.corrected_at, "corrected")


class InsightInline(WithConfidence, PagedInline):
    """The insights of a conversation; only the text and the verdict can be changed."""

    model = Insight
    page_parameter = "insights"
    fields = ("kind", "text", "review", "for_whom", "sure", "verdict")
    readonly_fields = ("kind", "for_whom", "sure", "verdict")
    ordering = ("message__number", "type", "id")
    radio_fields = VERDICTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Insight]:
        """Return the rows with what their columns show."""
        return super().get_queryset(request).select_related("message__speaker__member", "assignee", "reviewed_by")

    @admin.display(description="Type")
    def kind(self, insight: Insight) -> str:
        """Return the type, the speaker and the time."""
        return f"{kind_of(insight.type).label} ({place(insight.message)})"

    @admin.display(description="For, due")
    def for_whom(self, insight: Insight) -> SafeString:
        """Return the assignee and the due date."""
        return format_html(
            "{} {}", insight.assignee or insight.assignee_name or "-", time_element(insight.due_at) if insight.due_at else ""
        )

    @admin.display(description="History")
    def verdict(self, insight: Insight) -> SafeString | str:
        """Return who reviewed it, when, and the original text."""
        return history(insight.original_text, insight.reviewed_by, insight.reviewed_at, insight.review)


@admin.register(Conversation)
class ConversationAdmin(Titled, ConversationBase):
    """Conversations are read-only; corrections and reviews in the inlines go through the recorder."""

    list_title, change_title = "Conversations", "Review a conversation"
    list_display = ("name", "owner", "began", "ended", "message_count")
    list_per_page = 50
    save_on_top = True
    list_filter = (Bin, ("owner", admin.RelatedOnlyFieldListFilter), "started_at", Year, InsightType, Confidence, Review)
    search_fields = ("name",)  # only makes the search box appear; see get_search_results
    search_help_text = "Searches names, connection ids, members and what was said (words of three letters or more)."
    list_select_related = ("owner",)
    fieldsets = (
        (None, {"fields": (("owner", "began", "ended"), ("message_pages", "insight_pages"))}),
        ("Details", {"classes": ("collapse",), "fields": ("connection_id", "type", "language", "metadata")}),
    )
    readonly_fields = ("owner", "began", "ended", "message_pages", "insight_pages", "connection_id", "type", "language", "metadata")
    inlines = (MessageInline, InsightInline)
    actions = ("export",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Return all conversations but those that are deleted for good; the filter `Bin` hides those in the bin."""
        return Conversation.everything.filter(erased_at=None).order_by(*self.get_ordering(request) or ("-started_at", "-id"))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Return the conversations that contain every word and every quoted phrase, and False: there are no duplicates."""
        return queries.with_texts(queryset, queries.search_texts(search_term), connection_ids=True), False

    @admin.display(description="Began", ordering="started_at")
    def began(self, conversation: Conversation) -> SafeString | str:
        """Return when it began."""
        return time_element(conversation.started_at)

    @admin.display(description="Ended", ordering="ended_at")
    def ended(self, conversation: Conversation) -> SafeString | str:
        """Return when it ended."""
        return time_element(conversation.ended_at) if conversation.ended_at else "live now"

    @admin.display(description="Messages")
    def message_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of messages."""
        return links(MessageInline.page_parameter, conversation.message_count)

    @admin.display(description="Insights")
    def insight_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of insights."""
        return links(InsightInline.page_parameter, Insight.objects.filter(conversation=conversation).count())

    @admin.action(description="Export the selected conversations as JSON", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase:
        """Return a streamed file with all stored data of the selected conversations."""
        selected = queries.in_batches(queryset.select_related("owner"), "started_at", "id")
        pieces = exports.as_json(one for batch in selected for one in batch)
        return exports.answer(request, pieces, "application/json", "conversations.json")

    def save_model(self, request: HttpRequest, obj: Conversation, form: Any, change: bool) -> None:
        """Do nothing: no field of a conversation can be edited here."""

    def save_formset(self, request: HttpRequest, form: Any, formset: FormSetBase, change: bool) -> None:
        """Pass changed rows to the recorder."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.initial_forms:
            if not row.has_changed():
                continue
            if isinstance(row.instance, Message):
                recorder.correct_message(row.instance.pk, row.cleaned_data["text"], reviewer(request))
            else:
                submit_review(row.instance, row, request)
            formset.changed_objects.append((row.instance, row.changed_data))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: only the recorder creates conversations."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Return whether the user may review; nothing in the bin can be changed."""
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what the page that asks for confirmation lists: titles and counts, not every row of every table."""
        found = list(objs)
        counts = {"conversations": len(found), "messages": sum(one.messages_left for one in found)}
        return [str(one) for one in found], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        """Delete a conversation for good."""
        with suppress(recorder.UnknownConversation):
            recorder.delete_conversation(obj.pk, reviewer(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Delete the selected conversations for good."""
        for conversation_id in queryset.values_list("pk", flat=True):
            with suppress(recorder.UnknownConversation):
                recorder.delete_conversation(conversation_id, reviewer(request))
