"""Confidence that a message is a question, an action item or a follow-up: linear heads, a small network, and a learned combiner.

Only earlier messages are used. The same code runs live, in training and in the scorer.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from insights.analysis.acts import cnn, features, mixture, talk_type
from insights.analysis.acts.mixture import TASKS
from insights.analysis.acts.weights import shipped
from insights.analysis.types import Said
from insights.insight_kinds import KindName

CONTEXT = talk_type.PAST
"""Number of earlier messages that are used: the words of the last few, and the type of talk of all."""


def score(said: Said, before: Sequence[Said]) -> dict[KindName, float]:
    """Return calibrated confidences in (0, 1) by type; near 0 for a message without words ("Huh?" has one). before: oldest first."""
    before = before[-CONTEXT:]
    seen = features.glance(said, before)
    asked = has_question_mark(said.text)
    if not seen.own and not (asked and features.says_something(said.text)):
        return dict.fromkeys(TASKS, 0.001)
    model = shipped()
    logits = model.head_logits(features.hashed(seen, model.classes))
    past = talk_type.history([_likeness(features.word_hashes(one.text)) for one in before])
    signs = mixture.signs(logits[np.newaxis], model.net.logits([cnn.view(seen)]), past[np.newaxis])[0]
    marks = asked, any(has_question_mark(one.text) for one in before)
    row = mixture.inputs(signs, seen.cues, marks, len(seen.own), len(before), said.index)[np.newaxis]
    return dict(zip(TASKS, model.combiner.probabilities(row)[0].tolist(), strict=True))


@lru_cache(maxsize=4096)
def _likeness(hashes: tuple[int, ...]) -> mixture.Floats:
    return shipped().likeness(hashes)


def has_question_mark(text: str) -> bool:
    """Return whether a message contains a question mark of any script."""
    return any(mark in text for mark in "?？؟")
