"""Paged inlines, so that a long conversation does not exceed the screen or Django's limit on form fields."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from insights.admin.bases import EditableText, FormSetBase, TableBase
from insights.admin.roles import ForReviewers

PAGE = 50


class PagedFormSet(FormSetBase):
    """The forms of one page of rows; `page` counts from 1."""

    page = 1
    _rows: QuerySet[Any] | None = None

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the page."""
        if self._rows is None:
            self._rows = super().get_queryset()[(self.page - 1) * PAGE : self.page * PAGE]
        return self._rows


class PagedInline(ForReviewers, EditableText, TableBase):
    """An inline with its page in the URL as `?<page_parameter>=2`. Rows cannot be added or deleted."""

    page_parameter = "page"
    formset = PagedFormSet
    extra = 0
    max_num = 0
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset of the requested page."""
        formset = super().get_formset(request, obj, **kwargs)
        return type("Page", (formset,), {"page": page_of(request, self.page_parameter)})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: messages and insights are not added by hand."""
        return False


def page_of(request: HttpRequest, parameter: str) -> int:
    """Return the requested page, 1 by default."""
    text = request.GET.get(parameter, "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def links(parameter: str, rows: int) -> SafeString:
    """Return links to all pages of `rows` rows, labelled with the first and last row of each."""
    if rows <= PAGE:
        return format_html("{}", rows)
    starts = range(0, rows, PAGE)
    return format_html_join(" · ", '<a href="?{}={}">{}–{}</a>', ((parameter, i // PAGE + 1, i + 1, min(rows, i + PAGE)) for i in starts))
