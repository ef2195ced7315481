"""Figures of the reviews: precision by kind and week, pairs of opinions, and how many insights wait. For reviewers; no words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce

from insights.models import Insight, InsightReview
from insights.queries.review import ADDED_BY_PERSON, unreviewed_conversations


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
    """Return the verdicts on the insights that were found in each week, by kind and place of the week. Two queries.

    `weeks`: the starts of the weeks, oldest first; the last one is the present week.
    """
    newest_first = [When(found_at__gte=start, then=Value(place)) for place, start in reversed(list(enumerate(weeks)))]
    week = Case(*newest_first, output_field=IntegerField())
    rows = _shown().exclude(review=Insight.Review.PENDING).filter(found_at__gte=weeks[0]).annotate(week=week)
    counts = _counted(rows, "type", "review", "week")
    found: dict[str, dict[int, Verdicts]] = defaultdict(dict)
    for kind, _, place in counts:
        accepted, rejected = (counts.get((kind, review, place), 0) for review in (Insight.Review.ACCEPTED, Insight.Review.REJECTED))
        found[kind][place] = Verdicts(accepted, rejected)
    return dict(found)


def opinion_pairs() -> dict[str, dict[tuple[str, str], int]]:
    """Return how often each pair of a first and a second opinion was given, by kind. One query."""
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    rows = InsightReview.objects.exclude(second="").order_by().values("kind", "first", "second")
    for row in rows.annotate(number=Count("pk")):
        found[row["kind"]][row["first"], row["second"]] = row["number"]
    return dict(found)


def waiting_by_kind() -> dict[str, int]:
    """Return how many insights have no verdict, by kind. Two queries."""
    # By an expression: SQLite would else read all insights in the order of an index that begins with `type`, instead of those that wait.
    waiting = _shown().filter(review=Insight.Review.PENDING).annotate(kind=Coalesce("type", Value("")))
    counts = _counted(waiting, "kind")
    return {kind: number for (kind,), number in counts.items()}


def second_opinions_waiting() -> int:
    """Return how many insights wait for a second opinion. Two queries."""
    waiting = InsightReview.objects.filter(second_wanted=True, second="")
    return waiting.count() - waiting.filter(insight__conversation_id__in=unreviewed_conversations()).count()


def _counted(rows: QuerySet[Insight], *columns: str) -> dict[tuple[Any, ...], int]:
    """Return the number of detected insights by these columns. Those that a person added are subtracted: a query of all reads no rows."""
    numbers: dict[tuple[Any, ...], int] = {}
    for sign, some in ((1, rows), (-1, rows.filter(confidence=1.0, hints=ADDED_BY_PERSON))):
        for *key, number in some.order_by().values(*columns).annotate(number=Count("*")).values_list(*columns, "number"):
            numbers[tuple(key)] = numbers.get(tuple(key), 0) + sign * number
    return {key: number for key, number in numbers.items() if number}


def _shown() -> QuerySet[Insight]:
    """Return the insights of reviewed conversations."""
    return Insight.objects.exclude(conversation_id__in=unreviewed_conversations())
