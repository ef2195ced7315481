"""Decisions: "we decided to ..."."""

import re
from collections.abc import Sequence

from insights.insight_kinds import InsightKind, KindName, SpokenMessage

_DECIDED = re.compile(r"\bwe(?: have|'ve)? (?:decided|agreed)\b", re.IGNORECASE)


def says_decision(said: SpokenMessage, before: Sequence[SpokenMessage]) -> float | None:
    """Return a high confidence for a message that announces a decision, and None for any other."""
    return 0.9 if _DECIDED.search(said.text) else None


DECISION = InsightKind(
    name=KindName("decision"),
    label="Decision",
    plural="Decisions",
    path="decisions",
    icon='<path d="M5 21V4h13l-3 4.500 3 4.500H5"/>',
    colour="green",
    detector=says_decision,
)
