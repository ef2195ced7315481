"""From the logits of heads and network, and the cues, to one probability per task: an expert per corpus, under a learned gate.

The corpora mean different things by 'action item'. Each expert knows its own meaning (its head, shifted a little by cues and other
heads); the gate says how much a message is like each corpus. All are linear in the same inputs, so the whole costs one small product.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.analysis import cues
from insights.analysis.findings import FindingType

Floats = NDArray[np.float32]

TASKS: tuple[FindingType, ...] = ("question", "action_item", "follow_up")
KINDS: tuple[str, ...] = ("ami", "mrda", "email", "own")
"""What the gate chooses among."""

EXPERTS: dict[FindingType, tuple[str, ...]] = {"question": ("ami", "mrda", "own"), "action_item": KINDS, "follow_up": ("own",)}
"""The kinds that tell about a task."""

FACTS = 5
"""Columns besides logits and cues: question mark, length, context, place, a constant 1."""


def signs(heads: Floats, net: Floats, past: Floats) -> Floats:
    """(n, signs) what inputs() takes per row: logits of the linear heads, those of the network, and the kind of talk so far."""
    return np.concatenate([heads, net, past], axis=1)


def inputs(signs: Floats, shown: Sequence[int], question_mark: bool, words: int, context: int, index: int) -> Floats:
    """(signs + cues + FACTS,) inputs of gate and experts for one message."""
    row = np.zeros(len(signs) + len(cues.NAMES) + FACTS, dtype=np.float32)
    row[: len(signs)] = signs
    row[[len(signs) + number for number in shown]] = 1.0
    row[-FACTS:] = facts(question_mark, words, context, index)
    return row


def facts(question_mark: bool, words: int, context: int, index: int) -> tuple[float, ...]:
    """The last FACTS columns; context: messages before; index: place in the conversation."""
    return float(question_mark), float(np.log1p(words)), min(context, 6) / 6, float(np.log1p(min(max(index, 0), 5000))) / 4, 1.0


@dataclass(frozen=True)
class Combiner:
    """gate (inputs, kinds); experts per task (inputs, kinds of the task); slopes and shifts (tasks,): the calibration."""

    gate: Floats
    experts: tuple[Floats, ...]
    slopes: Floats
    shifts: Floats

    def probabilities(self, rows: Floats) -> Floats:
        """(n, tasks) calibrated probabilities in (0, 1) of (n, inputs) rows."""
        gate = rows @ self.gate
        columns = []
        for number, task in enumerate(TASKS):
            logit = mixture(gate[:, [KINDS.index(kind) for kind in EXPERTS[task]]], rows @ self.experts[number])
            columns.append(sigmoid(self.slopes[number] * logit + self.shifts[number]))
        return np.stack(columns, axis=1)


def mixture(gate: Floats, experts: Floats) -> Floats:
    """(n,) logits of the gate-weighted mean of the experts' probabilities; both (n, kinds) logits."""
    share = np.exp(gate - gate.max(axis=1, keepdims=True))
    mean = (share * sigmoid(experts)).sum(axis=1) / share.sum(axis=1)
    logit: Floats = np.log(mean) - np.log1p(-mean)
    return logit


def sigmoid(logits: Floats) -> Floats:
    """Kept inside (0, 1)."""
    squashed: Floats = (1 / (1 + np.exp(-np.clip(logits, -12, 12)))).astype(np.float32)
    return squashed
