"""Confidence that a message is a question, an action item, a follow-up: linear heads, one per corpus, then a learned combiner.

Only what was said before is looked at. The same code runs live, in training and under the scorer.
"""

from collections.abc import Sequence

import numpy as np

from insights.analysis import combiner, features
from insights.analysis.combiner import TASKS
from insights.analysis.findings import FindingType, Said
from insights.analysis.weights import shipped

CONTEXT = 6
"""How many messages before the one in question are looked at."""


def score(said: Said, before: Sequence[Said]) -> dict[FindingType, float]:
    """Calibrated confidences in (0, 1) by type; all near 0 for a message without words. before: oldest first."""
    before = before[-CONTEXT:]
    found = features.extract(said, before)
    if not found.words:
        return dict.fromkeys(TASKS, 0.001)
    model = shipped()
    logits = model.head_logits(found)
    row = combiner.inputs(logits, found.cues, has_question_mark(said.text), found.words, len(before), said.index)[np.newaxis]
    return dict(zip(TASKS, model.combiner.probabilities(row)[0].tolist(), strict=True))


def has_question_mark(text: str) -> bool:
    """Whether a message shows a question mark of any script."""
    return any(mark in text for mark in "?？؟")
