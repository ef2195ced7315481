"""Confidence that a message is a question, an action item, a follow-up."""

from collections.abc import Sequence
from math import exp

from insights.analysis import cues
from insights.analysis.findings import FindingType, Said

CONTEXT = 6
"""How many messages before the one in question are looked at."""

_QUESTION = {"wh_inverted": 3.0, "aux_first": 3.0, "tag": 1.5, "indirect_question": 3.0, "what_about": 2.0, "wh_statement": -3.0, "reported_question": -1.0}
_ACTION = {"promise_first": 2.0, "promise": 1.0, "ask": 1.5, "ask_first": 1.5, "by_when": 1.5, "named_request": 2.0, "imperative": 1.5, "hedge": -4.0, "polite": -3.0}
_FOLLOW = {"contact_promise": 3.5, "contact": 0.5, "again": 1.0, "set_meeting": 2.0, "contact_noun": -3.0, "contact_past": -2.0}


def score(said: Said, before: Sequence[Said]) -> dict[FindingType, float]:
    """Confidences in (0, 1) by type."""
    found = {cues.NAMES[number] for number in cues.found(said.text)}
    question = _sigmoid(_QUESTION, found, 4.0 if "?" in said.text else 0.0)
    return {"question": question, "action_item": _sigmoid(_ACTION, found, 0.0), "follow_up": _sigmoid(_FOLLOW, found, 0.0)}


def _sigmoid(weights: dict[str, float], found: set[str], more: float) -> float:
    return 1 / (1 + exp(3.0 - more - sum(weights.get(name, 0.0) for name in found)))
