"""The last decisions of a reviewer in this sign-in, so that they can be taken back one after the other, also after a reload."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from insights.recorder import Decided, Opinion

_KEY = "review_decisions"
MOST = 20
"""Decisions that are remembered."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: the insight, the verdict, what it was, and the change that it made."""

    insight_id: UUID
    verdict: str
    opinion: Opinion
    change_id: int | None


def remember(request: HttpRequest, insight_id: UUID, verdict: str, decided: Decided) -> None:
    """Add a decision."""
    rows: list[Any] = request.session.get(_KEY, [])
    request.session[_KEY] = [*rows, [str(insight_id), verdict, decided.opinion.value, decided.change_id]][-MOST:]


def last_decision(request: HttpRequest) -> Decision | None:
    """Return the last decision that was not taken back."""
    rows: list[Any] = request.session.get(_KEY, [])
    if not rows:
        return None
    insight_id, verdict, opinion, change_id = rows[-1]
    return Decision(UUID(insight_id), verdict, Opinion(opinion), change_id)


def forget_last(request: HttpRequest) -> None:
    """Remove the last decision."""
    request.session[_KEY] = request.session.get(_KEY, [])[:-1]
