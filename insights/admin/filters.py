"""Filters of the admin's lists."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from insights import kind_words
from insights.models import Conversation, Insight

_LEVELS = {"90": (0.9, 1.01), "70": (0.7, 0.9), "50": (0.5, 0.7), "0": (0.0, 0.5)}
_NAMES = {
    "90": gettext_lazy("90% and more"),
    "70": gettext_lazy("70% to 90%"),
    "50": gettext_lazy("50% to 70%"),
    "0": gettext_lazy("less than 50%"),
}


class _InsightFilter(admin.SimpleListFilter):
    """Base of the filters on insights, for lists of insights and of the conversations that contain them."""

    def wanted(self) -> dict[str, object] | None:
        """Return the lookup on insights, None for all."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match."""
        wanted = self.wanted()
        if wanted is None:
            return queryset
        if queryset.model is Conversation:
            return queryset.filter(id__in=Insight.objects.filter(**wanted).values("conversation_id"))
        return queryset.filter(**wanted)


class InsightType(_InsightFilter):
    """By type of insight."""

    title = gettext_lazy("insight type")
    parameter_name = "insight"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return kind_words.choices()

    def wanted(self) -> dict[str, object] | None:
        """Return the condition on insights."""
        return {"type": self.value()} if self.value() else None


class Confidence(_InsightFilter):
    """By confidence of an insight."""

    title = gettext_lazy("confidence")
    parameter_name = "confidence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [(value, str(name)) for value, name in _NAMES.items()]

    def wanted(self) -> dict[str, object] | None:
        """Return the condition on insights."""
        level = _LEVELS.get(self.value() or "")
        return {"confidence__gte": level[0], "confidence__lt": level[1]} if level else None


class Review(_InsightFilter):
    """By the review of an insight."""

    title = gettext_lazy("review")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [(value, str(label)) for value, label in Insight.Review.choices]

    def wanted(self) -> dict[str, object] | None:
        """Return the condition on insights."""
        return {"review": self.value()} if self.value() else None


class Bin(admin.SimpleListFilter):
    """Conversations in the bin of their owner; without this filter the list does not have them."""

    title = gettext_lazy("bin")
    parameter_name = "bin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choice besides all others."""
        return [("yes", gettext("In the bin"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the conversations in the bin, or those outside of it."""
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


class Year(admin.SimpleListFilter):
    """By the year (UTC) in which a conversation started. Django's `date_hierarchy` reads every row; on SQLite, in Python."""

    title = gettext_lazy("year")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the years from the last conversation to the first; none if all are of the same year."""
        starts = model_admin.get_queryset(request).order_by("started_at").values_list("started_at", flat=True)
        first, last = starts.first(), starts.last()
        if first is None or last is None or first.year == last.year:
            return []
        return [(str(year), str(year)) for year in range(last.year, first.year - 1, -1)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the conversations that started in the year."""
        year = self.value() or ""
        return queryset.filter(started_at__year=int(year)) if year in dict(self.lookup_choices) else queryset
