"""Inline rows a page at a time: a long conversation neither fills the screen nor exceeds what a form may send."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from insights.admin.bases import FormSetBase, Reworded, TableBase

PAGE = 50


class PagedFormSet(FormSetBase):
    """Forms of one page of the rows; `page` counts from 1."""

    page = 1
    _rows: QuerySet[Any] | None = None

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows of the page."""
        if self._rows is None:
            self._rows = super().get_queryset()[(self.page - 1) * PAGE : self.page * PAGE]
        return self._rows


class PagedInline(Reworded, TableBase):
    """An inline whose page stands in the address as `?<page_parameter>=2`; its rows are neither added nor deleted."""

    page_parameter = "page"
    formset = PagedFormSet
    extra = 0
    max_num = 0
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset of the page that the address names."""
        formset = super().get_formset(request, obj, **kwargs)
        return type("Page", (formset,), {"page": page_of(request, self.page_parameter)})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds what was not said."""
        return False


def page_of(request: HttpRequest, parameter: str) -> int:
    """Return the page that an address names, 1 where it names none."""
    text = request.GET.get(parameter, "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def links(parameter: str, rows: int) -> SafeString:
    """Return links to all pages of so many rows, named by their first and last row."""
    if rows <= PAGE:
        return format_html("{}", rows)
    starts = range(0, rows, PAGE)
    return format_html_join(" · ", '<a href="?{}={}">{}–{}</a>', ((parameter, i // PAGE + 1, i + 1, min(rows, i + PAGE)) for i in starts))
