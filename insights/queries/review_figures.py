"""Figures of the reviews: precision by kind and week, pairs of opinions, and how many insights wait. For reviewers; no words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When

from insights.models import Conversation, Insight, InsightReview
from insights.queries.review import ADDED_BY_PERSON


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many insights were accepted, and how many rejected."""

    accepted: int = 0
    rejected: int = 0

    @property
    def number(self) -> int:
        """The number of verdicts."""
        return self.accepted + self.rejected

    @property
    def precision(self) -> float | None:
        """The share of accepted insights, None without a verdict."""
        return self.accepted / self.number if self.number else None

    @property
    def percent(self) -> int:
        """The precision in percent, 0 without a verdict."""
        return round(100 * (self.precision or 0))


def verdicts_by_week(weeks: Sequence[datetime]) -> dict[str, dict[int, Verdicts]]:
    """Return the verdicts on the insights that were found in each week, by kind and place of the week. One query.

    `weeks`: the starts of the weeks, oldest first; the last one is the present week.
    """
    newest_first = [When(found_at__gte=start, then=Value(place)) for place, start in reversed(list(enumerate(weeks)))]
    week = Case(*newest_first, output_field=IntegerField())
    rows = _detected().exclude(review=Insight.Review.PENDING).filter(found_at__gte=weeks[0]).annotate(week=week)
    counts: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for row in rows.order_by().values("type", "week", "review").annotate(number=Count("pk")):
        counts[row["type"], row["week"]][row["review"]] = row["number"]
    found: dict[str, dict[int, Verdicts]] = defaultdict(dict)
    for (kind, place), number in counts.items():
        found[kind][place] = Verdicts(number.get(Insight.Review.ACCEPTED, 0), number.get(Insight.Review.REJECTED, 0))
    return dict(found)


def opinion_pairs() -> dict[str, dict[tuple[str, str], int]]:
    """Return how often each pair of a first and a second opinion was given, by kind. One query."""
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    rows = InsightReview.objects.exclude(second="").order_by().values("insight__type", "first", "second")
    for row in rows.annotate(number=Count("pk")):
        found[row["insight__type"]][row["first"], row["second"]] = row["number"]
    return dict(found)


def waiting_by_kind() -> dict[str, int]:
    """Return how many insights have no verdict, by kind. One query."""
    rows = _detected().filter(review=Insight.Review.PENDING).order_by().values("type")
    return dict(rows.annotate(number=Count("pk")).values_list("type", "number"))


def second_opinions_waiting() -> int:
    """Return how many insights wait for a second opinion. One query."""
    return InsightReview.objects.filter(second_wanted=True, second="", insight__conversation__deleted_at=None).count()


def _detected() -> QuerySet[Insight]:
    """Return the insights that were detected, in conversations outside of the bin; few are in it, so that the list of ids is short."""
    hidden = Conversation.everything.filter(deleted_at__isnull=False).values("pk")
    return Insight.objects.exclude(conversation_id__in=hidden).exclude(confidence=1.0, hints=ADDED_BY_PERSON)
