"""Shared by the admin's modules: base classes with type parameters (for the type checker only), texts of columns, and passing a review to
the recorder.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import BaseInlineFormSet, Textarea
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from insights import recorder
from insights.exports.titles import UNKNOWN, shown_person
from insights.models import App, Conversation, Insight, Message
from insights.names import isolated

if TYPE_CHECKING:
    AppBase = admin.ModelAdmin[App]
    ConversationBase = admin.ModelAdmin[Conversation]
    InsightBase = admin.ModelAdmin[Insight]
    AnyBase = admin.ModelAdmin[Any]
    UserBase = UserAdmin[User]
    NewUserFormBase = AdminUserCreationForm[User]
    UserFormBase = UserChangeForm[User]
    TableBase = admin.TabularInline[Any, Any]
    OptionsBase = admin.options.BaseModelAdmin[Any]
    FormSetBase = BaseInlineFormSet[Any, Any, Any]
else:
    AppBase = ConversationBase = InsightBase = AnyBase = admin.ModelAdmin
    UserBase = UserAdmin
    NewUserFormBase, UserFormBase = AdminUserCreationForm, UserChangeForm
    OptionsBase = object
    TableBase = admin.TabularInline
    FormSetBase = BaseInlineFormSet


RADIO_FIELDS: Mapping[str, Literal[1, 2]] = {"review": admin.HORIZONTAL}
LABELS = {"text": gettext_lazy("Wording"), "review": gettext_lazy("Verdict")}


class Titled(AnyBase):
    """An admin with its own page titles and a script with keyboard shortcuts for reviews."""

    list_title: ClassVar[str | Promise] = ""
    change_title: ClassVar[str | Promise] = ""

    class Media:
        js = (Script("parley/js/review.js", type="module"),)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list with its title."""
        try:
            return super().changelist_view(request, {**(extra_context or {}), "title": self.list_title})
        except OverflowError:  # a number in the query is too large for SQLite, which fails only when the query runs
            raise Http404 from None

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form with its title."""
        return super().change_view(request, object_id, form_url, {"title": self.change_title, **(extra_context or {})})


class EditableText(OptionsBase):
    """Fields for text and verdict that also send their initial value, so that saving does not undo the change of another person."""

    formfield_overrides: ClassVar[Any] = {models.TextField: {"widget": Textarea(attrs={"rows": 2, "cols": 50, "dir": "auto"})}}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field with a label for screen readers, as tables show no label beside it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LABELS:
            field.show_hidden_initial = True
            field.widget.attrs["aria-label"] = LABELS[db_field.name]
        return field


class WithConfidence:
    """A column `sure` with the confidence in percent."""

    @admin.display(description=gettext_lazy("Confidence"), ordering="confidence")
    def sure(self, found: Message | Insight) -> str:
        """Return the confidence in percent."""
        return f"{found.confidence:.0%}"


def reviewer(request: HttpRequest) -> int:
    """Return the user id of the person who corrects or reviews."""
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk


def submit_review(insight: Insight, form: Any, request: HttpRequest) -> None:
    """Pass the fields that the form changed to the recorder; the others keep their current stored values."""
    data, changed = form.cleaned_data, form.changed_data
    verdict = data["review"] if "review" in changed else Insight.objects.values_list("review", flat=True).get(pk=insight.pk)
    recorder.review_insight(insight.pk, verdict, reviewer(request), data["text"] if "text" in changed else None)


def place(message: Message) -> str:
    """Return the speaker and the time from the start in minutes and seconds: `Ada, 0:42`."""
    return f"{isolated(shown_person(str(message.member or UNKNOWN)))}, {int(message.offset_s // 60)}:{int(message.offset_s % 60):02}"


def time_element(at: datetime | None) -> SafeString | str:
    """Return a `<time>` element that the page's script shows in the reader's time zone; UTC without the script."""
    return format_html('<time datetime="{}" data-as="full">{} UTC</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M}") if at else "-"


DONE = {
    "corrected": gettext_lazy("corrected by {who}, {at}"),
    Insight.Review.ACCEPTED.value: gettext_lazy("accepted by {who}, {at}"),
    Insight.Review.REJECTED.value: gettext_lazy("rejected by {who}, {at}"),
}
"""What a person did, in the history of a row."""


def history(original: str, who: object, at: datetime | None, done: str) -> SafeString | str:
    """Return the history of a row: `rejected by jane, 3 May 2026 at 10:15; was “...”`. `done`: one of DONE."""
    parts: Sequence[SafeString] = [
        *([format_html(str(DONE[done]), who=who or gettext("somebody"), at=time_element(at))] if at else []),
        *([format_html(gettext("was “{text}”"), text=original)] if original else []),
    ]
    return format_html("; ".join(["{}"] * len(parts)), *parts) if parts else "-"
