"""Chooses the thresholds on what was recognised of the held-out train meetings."""

from collections.abc import Sequence
from dataclasses import replace

from streaming.speech.punctuation.marks import PunctuationMark, token
from streaming.speech.punctuation.model import Punctuator, Thresholds, Weights
from streaming.training.punctuation.recogniser_output import RecognisedTurn
from streaming.training.punctuation.scoring import Scores, scores

_SURE = 0.04
"""A mark changes only if the model is surer than the best threshold by this, so that what was right stays."""


def choose(weights: Weights, listened: Sequence[RecognisedTurn]) -> Weights:
    """Return the weights with the thresholds of the best F1, one after the other."""
    limits = Thresholds(end=0.6, no_end=0.3, last_end=0.3, question=0.6, no_question=0.3)
    steps = {
        "end": (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7),
        "no_end": (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
        "last_end": (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
        "question": (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7),
        "no_question": (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
    }
    for name in ("end", "no_end", "last_end", "question", "no_question"):
        found = {value: _measure(weights, replace(limits, **{name: value}), listened) for value in steps[name]}
        kind = "questions" if "question" in name else "ends"
        best = max(found, key=lambda value: getattr(found[value], kind).f1)
        limits = replace(limits, **{name: best})
        print(f"{name} {best}: F1 {getattr(found[best], kind).f1:.3f}")
    sure = replace(
        limits,
        end=limits.end + _SURE,
        no_end=limits.no_end - _SURE,
        question=limits.question + _SURE,
        no_question=limits.no_question - _SURE,
    )
    return replace(weights, thresholds=sure)


def _measure(weights: Weights, limits: Thresholds, listened: Sequence[RecognisedTurn]) -> Scores:
    punctuator = Punctuator(replace(weights, thresholds=limits))
    total = Scores()
    for one in listened:
        found = [token(word.text).mark for word in punctuator.of(one.words)]
        total += scores(found, [PunctuationMark(mark) for mark in one.marks])
    return total
