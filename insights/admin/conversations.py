"""Conversations: search, filters, inline messages and insights, corrections, reviews, export."""

from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from insights import access, exports, kind_words, queries, recorder
from insights.admin.bases import (
    RADIO_FIELDS,
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
from insights.admin.paged_inlines import PagedInline, links
from insights.admin.roles import administers, reviews
from insights.exports.titles import shown_assignee
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, Message, Reading


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

    @admin.display(description=gettext_lazy("Said by"))
    def said(self, message: Message) -> str:
        """Return the speaker and the time."""
        return place(message)

    @admin.display(description=gettext_lazy("Correction"))
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
    radio_fields = RADIO_FIELDS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Insight]:
        """Return the rows with what their columns show."""
        return super().get_queryset(request).select_related("message__speaker__member", "assignee", "reviewed_by")

    @admin.display(description=gettext_lazy("Type"))
    def kind(self, insight: Insight) -> str:
        """Return the type, the speaker and the time."""
        return f"{kind_words.label(kind_of(insight.type))} ({place(insight.message)})"

    @admin.display(description=gettext_lazy("For, due"))
    def for_whom(self, insight: Insight) -> SafeString:
        """Return the assignee and the due date."""
        return format_html("{} {}", shown_assignee(insight) or "-", time_element(insight.due_at) if insight.due_at else "")

    @admin.display(description=gettext_lazy("History"))
    def verdict(self, insight: Insight) -> SafeString | str:
        """Return who reviewed it, when, and the original text."""
        return history(insight.original_text, insight.reviewed_by, insight.reviewed_at, insight.review)


def _untitled(conversation: Conversation) -> Conversation:
    """Return a copy, not to be saved, with its id in place of its title."""
    masked = copy(conversation)
    masked.name = gettext("Conversation %(number)s") % {"number": conversation.pk}
    return masked


def _read(batches: Iterator[list[Conversation]], reader_id: int) -> Iterator[Conversation]:
    """Yield the conversations of an export, and store that they were read."""
    for batch in batches:
        access.note_readings(batch, reader_id, Reading.Place.EXPORT)
        yield from batch


@admin.register(Conversation)
class ConversationAdmin(Titled, ConversationBase):
    """Conversations are read-only; corrections and reviews in the inlines go through the recorder.

    Administrators see the metadata and may delete. Reviewers see titles and words, and correct; each reading is stored.
    """

    list_title, change_title = gettext_lazy("Conversations"), gettext_lazy("Review a conversation")
    list_display = ("name", "owner", "began", "ended", "message_count")
    list_per_page = 50
    save_on_top = True
    list_filter = (Bin, ("owner", admin.RelatedOnlyFieldListFilter), "started_at", Year, InsightType, Confidence, Review)
    search_fields = ("name",)  # only makes the search box appear; see get_search_results
    search_help_text = gettext_lazy(
        "Searches names, connection ids, members and what was said (words of three letters or more). "
        "Without the role of a reviewer it searches connection ids and owners."
    )
    list_select_related = ("owner",)
    fieldsets = (
        (None, {"fields": (("owner", "began", "ended"), ("message_pages", "insight_pages"))}),
        (gettext_lazy("Details"), {"classes": ("collapse",), "fields": ("connection_id", "type", "language", "metadata")}),
    )
    readonly_fields = ("owner", "began", "ended", "message_pages", "insight_pages", "connection_id", "type", "language", "metadata")
    inlines = (MessageInline, InsightInline)
    actions = ("export",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Return all conversations but those that are deleted for good; the filter `Bin` hides those in the bin."""
        return Conversation.everything.filter(erased_at=None).order_by(*self.get_ordering(request) or ("-started_at", "-id"))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Return the conversations that contain every word and every quoted phrase, and False: there are no duplicates."""
        texts = queries.search_texts(search_term)
        if reviews(request):
            return queries.with_texts(queryset, texts, connection_ids=True), False
        for text in texts:
            queryset = queryset.filter(Q(connection_id__icontains=text) | Q(owner__username__icontains=text))
        return queryset, False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list; without titles for those who are no reviewers."""
        shown = super().get_changelist_instance(request)
        if not reviews(request):
            shown.result_list = [_untitled(one) for one in shown.result_list]
        return shown

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns: the id instead of the title for those who are no reviewers."""
        return self.list_display if reviews(request) else ("id", *self.list_display[1:])

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; those that clients fill with texts only for reviewers."""
        if reviews(request):
            return self.fieldsets
        return ((None, {"fields": (("owner", "began", "ended"), "message_count", "connection_id", "type", "language")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the fields, all of which are read-only."""
        return (*self.readonly_fields, "message_count")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Conversation | None:
        """Return the conversation; without its title for those who are no reviewers."""
        found = super().get_object(request, object_id, from_field)
        return found if found is None or reviews(request) else _untitled(found)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, and store that a reviewer read the conversation."""
        title = {} if reviews(request) else {"title": gettext("Conversation")}
        response = super().change_view(request, object_id, form_url, {**title, **(extra_context or {})})
        if response.status_code == 200 and reviews(request) and (one := self.get_object(request, object_id)) is not None:
            access.note_readings([one], reviewer(request), Reading.Place.REVIEW)
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the history to reviewers, as it quotes insights."""
        if not reviews(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    @admin.display(description=gettext_lazy("Began"), ordering="started_at")
    def began(self, conversation: Conversation) -> SafeString | str:
        """Return when it began."""
        return time_element(conversation.started_at)

    @admin.display(description=gettext_lazy("Ended"), ordering="ended_at")
    def ended(self, conversation: Conversation) -> SafeString | str:
        """Return when it ended."""
        return time_element(conversation.ended_at) if conversation.ended_at else gettext("live now")

    @admin.display(description=gettext_lazy("Messages"))
    def message_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of messages."""
        return links(MessageInline.page_parameter, conversation.message_count)

    @admin.display(description=gettext_lazy("Insights"))
    def insight_pages(self, conversation: Conversation) -> SafeString:
        """Return links to the pages of insights."""
        return links(InsightInline.page_parameter, Insight.objects.filter(conversation=conversation).count())

    @admin.action(description=gettext_lazy("Export the selected conversations as JSON"), permissions=["review"])
    def export(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase:
        """Return a streamed file with all stored data of the selected conversations."""
        selected = queries.in_batches(queryset.select_related("owner"), "started_at", "id")
        pieces = exports.as_json(_read(selected, reviewer(request)))
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

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the user is an administrator or a reviewer."""
        return administers(request) or reviews(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user is an administrator or a reviewer."""
        return administers(request) or reviews(request)

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may read words."""
        return reviews(request)

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Return whether the user may review; nothing in the bin can be changed."""
        return reviews(request) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user is an administrator."""
        return administers(request)

    def log_change(self, request: HttpRequest, obj: Conversation, message: Any) -> Any:
        """Store the change in the admin's log, without the title, as the log outlives the conversation.

        Django shows it in the language of the page: `Changed insights.`
        """
        return super().log_change(request, _untitled(obj), [{"changed": {"fields": ["insights"]}}])

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> Any:
        """Store the deletions in the admin's log, without titles."""
        return super().log_deletions(request, [_untitled(one) for one in queryset])  # type: ignore[arg-type]  # it only reads ids and texts

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what the page that asks for confirmation lists: titles and counts, not every row of every table."""
        found = list(objs)
        counts = {"conversations": len(found), "messages": sum(one.messages_left for one in found)}
        return [str(one if reviews(request) else _untitled(one)) for one in found], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        """Delete a conversation for good."""
        with suppress(recorder.UnknownConversation):
            recorder.delete_conversation(obj.pk, reviewer(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Delete the selected conversations for good."""
        for conversation_id in queryset.values_list("pk", flat=True):
            with suppress(recorder.UnknownConversation):
                recorder.delete_conversation(conversation_id, reviewer(request))
