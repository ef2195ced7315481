"""Saved conversations: search, filters, messages and insights inline, corrections, reviews, export."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.safestring import SafeString

from insights import exports, recorder
from insights.admin.bases import ConversationBase, FormSetBase, WithConfidence, reviewer
from insights.admin.filters import Confidence, InsightType, Review
from insights.admin.paging import PagedInline, links
from insights.models import Conversation, Insight, Message


class MessageInline(WithConfidence, PagedInline):
    """What was said; only the wording can be changed."""

    model = Message
    page_parameter = "messages"
    fields = ("number", "clock", "member", "text", "original_text", "sure", "corrected_by", "corrected_at")
    readonly_fields = tuple(name for name in fields if name != "text")
    ordering = ("number",)

    @admin.display(description="At")
    def clock(self, message: Message) -> str:
        """Return when it was said: minutes and seconds from the start."""
        return f"{int(message.offset_s // 60)}:{int(message.offset_s % 60):02}"


class InsightInline(WithConfidence, PagedInline):
    """What was found; only the wording and the verdict can be changed."""

    model = Insight
    page_parameter = "insights"
    fields = ("type", "sure", "text", "review", "original_text", "assignee_name", "due_at", "reviewed_by", "reviewed_at")
    readonly_fields = tuple(name for name in fields if name not in ("text", "review"))
    ordering = ("message__number", "type", "id")


@admin.register(Conversation)
class ConversationAdmin(ConversationBase):
    """Conversations are read here; what may be changed in them goes through the recorder."""

    list_display = ("name", "owner", "started_at", "ended_at", "message_count")
    list_filter = (("owner", admin.RelatedOnlyFieldListFilter), "started_at", InsightType, Confidence, Review)
    date_hierarchy = "started_at"
    search_fields = ("name", "connection_id", "members__name", "messages__text")
    search_help_text = "Searches names, connection ids, members and what was said."
    list_select_related = ("owner",)
    fields = (
        "name",
        "owner",
        "connection_id",
        "type",
        "language",
        "started_at",
        "ended_at",
        "message_pages",
        "insight_pages",
        "metadata",
    )
    readonly_fields = fields
    inlines = (MessageInline, InsightInline)
    actions = ("export",)

    @admin.display(description="Messages")
    def message_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of messages."""
        return links(MessageInline.page_parameter, conversation.message_count)

    @admin.display(description="Insights")
    def insight_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of insights."""
        return links(InsightInline.page_parameter, Insight.objects.filter(conversation=conversation).count())

    @admin.action(description="Export the selected conversations as JSON", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> StreamingHttpResponse:
        """Answer a file with all that is kept of the selection, sent while it is made."""
        pieces = exports.as_json(queryset.select_related("owner").order_by("started_at", "id").iterator(100))
        if isinstance(request, ASGIRequest):
            content: Any = _in_threads(pieces)  # Django would gather a plain iterator in memory first
        else:
            content = pieces
        disposition = {"Content-Disposition": 'attachment; filename="conversations.json"'}
        return StreamingHttpResponse(content, content_type="application/json", headers=disposition)

    def save_model(self, request: HttpRequest, obj: Conversation, form: Any, change: bool) -> None:
        """Save nothing: a conversation has no field that is edited here."""

    def save_formset(self, request: HttpRequest, form: Any, formset: FormSetBase, change: bool) -> None:
        """Hand changed rows to the recorder."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.initial_forms:
            if not row.has_changed():
                continue
            if isinstance(row.instance, Message):
                recorder.correct_message(row.instance.pk, row.cleaned_data["text"], reviewer(request))
            else:
                data = row.cleaned_data
                recorder.review_insight(row.instance.pk, data["review"], reviewer(request), data["text"])
            formset.changed_objects.append((row.instance, row.changed_data))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Conversations are held, not typed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Saved is saved."""
        return False


async def _in_threads(pieces: Any) -> Any:
    """Yield the pieces, each made in a thread, so that the event loop never waits for the database."""
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece
