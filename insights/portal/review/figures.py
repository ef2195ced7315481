"""The figures of the reviews: precision by type over time, agreement of two reviewers, and how many insights wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from insights import queries
from insights.analysis.agreement import Agreement, agreement
from insights.insight_kinds import InsightKind, kind_of, kinds
from insights.portal.reviewers import for_reviewers
from insights.portal.weeks import week_of
from insights.queries import Verdicts

WEEKS = 12
WIDTH, HEIGHT = 640, 200
"""Size of the drawing in its own units, without its margins."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the chart."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """The verdicts on one kind: by week, in all of these weeks, and how many insights wait. `stretches`: points of weeks in a row."""

    kind: InsightKind
    weeks: tuple[Verdicts, ...]
    all_weeks: Verdicts
    waiting: int
    stretches: tuple[tuple[Dot, ...], ...]


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """The agreement on one kind; None as the kind: on all together."""

    kind: InsightKind | None
    found: Agreement

    @property
    def percent(self) -> int:
        """The share of equal opinions in percent."""
        return round(100 * self.found.share)


@require_GET
@for_reviewers
def figures(request: HttpRequest) -> HttpResponse:
    """Show the figures."""
    now = timezone.now()
    weeks = [week_of(now, back) for back in reversed(range(WEEKS))]
    rows = precision_rows(queries.verdicts_by_week(weeks), queries.waiting_by_kind())
    context = {
        "weeks": weeks,
        "rows": rows,
        "any": any(row.all_weeks.number for row in rows),
        "columns": [(place * WIDTH / (WEEKS - 1), week) for place, week in enumerate(weeks)],
        "size": {"width": WIDTH, "height": HEIGHT},
        "agreements": agreement_rows(queries.opinion_pairs()),
        "waiting": sum(row.waiting for row in rows),
        "second_waiting": queries.second_opinions_waiting(),
        "disagreements": queries.disagreements(),
    }
    return render(request, "portal/review/figures.html", context)


def precision_rows(by_kind: Mapping[str, Mapping[int, Verdicts]], waiting: Mapping[str, int]) -> list[PrecisionRow]:
    """Return a row for each registered kind, and for others that have verdicts or wait."""
    names = dict.fromkeys([*(kind.name for kind in kinds()), *sorted({*by_kind, *waiting})])
    rows = []
    for name in names:
        weeks = tuple(by_kind.get(name, {}).get(place, Verdicts()) for place in range(WEEKS))
        total = Verdicts(sum(one.accepted for one in weeks), sum(one.rejected for one in weeks))
        rows.append(PrecisionRow(kind_of(name), weeks, total, waiting.get(name, 0), stretches_of(weeks)))
    return rows


def stretches_of(weeks: Sequence[Verdicts]) -> tuple[tuple[Dot, ...], ...]:
    """Return the points of the chart, one list for weeks in a row that have verdicts: a line must not cross weeks without any."""
    found: list[list[Dot]] = [[]]
    for place, week in enumerate(weeks):
        if week.precision is None:
            found.append([])
        else:
            found[-1].append(Dot(round(place * WIDTH / (WEEKS - 1), 1), round((1 - week.precision) * HEIGHT, 1)))
    return tuple(tuple(one) for one in found if one)


def agreement_rows(pairs: Mapping[str, Mapping[tuple[str, str], int]]) -> list[AgreementRow]:
    """Return the agreement on each kind with second opinions, and on all if there are several."""
    rows = [AgreementRow(kind_of(name), agreement(counts)) for name, counts in sorted(pairs.items())]
    if len(rows) < 2:
        return rows
    total: dict[tuple[str, str], int] = {}
    for counts in pairs.values():
        for pair, number in counts.items():
            total[pair] = total.get(pair, 0) + number
    return [*rows, AgreementRow(None, agreement(total))]
