"""Combines the logits of heads and network with the cues into one probability per task: a mixture of one expert per corpus.

The corpora define 'action item' differently. Each expert represents the definition of its corpus (its head, shifted a little by cues and
other heads). The gate estimates how similar a message is to each corpus; the longer the conversation, the less one message changes that.
All are linear in the same inputs, so inference costs two small matrix products.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import rule_features, talk_type
from insights.insight_kinds import BUILT_IN, KindName

Floats = NDArray[np.float32]

Marks = tuple[bool, bool]
"""Whether a message contains a question mark, and whether one of the last messages before it did."""

LABELS: dict[KindName, str] = {kind.name: kind.head for kind in BUILT_IN if kind.head}
"""The kinds of insights that the model finds, with their label in HEADS."""

_PUBLIC = ("ami/question", "mrda/question", "ami/action", "mrda/action", "email/action")
HEADS: tuple[str, ...] = (*_PUBLIC, *(f"own/{label}" for label in LABELS.values()))
"""One linear model, and one output of the network, per corpus and label. Our own sentences have every label."""

TASKS = tuple(LABELS)
KINDS: tuple[str, ...] = ("ami", "mrda", "email", "own")
"""Corpora that the gate chooses among."""

EXPERTS: dict[KindName, tuple[str, ...]] = {
    task: tuple(corpus for corpus in KINDS if f"{corpus}/{label}" in HEADS) for task, label in LABELS.items()
}
"""The corpora that have labels for a task."""

FACTS = 6
"""Columns besides logits and cues: question mark, none although there were some lately, length, context, position, a constant 1."""

_TALK = 2
"""After talk_type.PAST / _TALK messages the gate uses only the earlier messages, not the current one."""


def signs(heads: Floats, net: Floats, past: Floats) -> Floats:
    """Return the (n, signs) argument of inputs(): logits of the linear heads, those of the network, and the type of talk so far."""
    return np.concatenate([heads, net, past], axis=1)


def inputs(signs: Floats, shown: Sequence[int], marks: Marks, words: int, context: int, index: int) -> Floats:
    """Return the (signs + cues + FACTS,) inputs of gate and experts for one message."""
    row = np.zeros(len(signs) + len(rule_features.NAMES) + FACTS, dtype=np.float32)
    row[: len(signs)] = signs
    row[[len(signs) + number for number in shown]] = 1.0
    row[-FACTS:] = facts(marks, words, context, index)
    return row


def facts(marks: Marks, words: int, context: int, index: int) -> tuple[float, ...]:
    """Return the last FACTS columns.

    Args:
        context: number of earlier messages.
        index: position in the conversation.
    """
    here, lately = marks
    place = float(np.log1p(min(max(index, 0), 5000))) / 4
    return float(here), float(lately and not here), float(np.log1p(words)), min(context, 6) / 6, place, 1.0


def gate_view(rows: Floats) -> Floats:
    """Return the gate's inputs (n, ...): the message, fading with the length of the talk; the talk so far, plain and growing; its size."""
    past = rows.shape[1] - FACTS - len(rule_features.NAMES) - talk_type.SIGNS
    shown = past + talk_type.SIGNS
    talk = np.minimum(_TALK * rows[:, shown - 1 : shown], 1)
    so_far = rows[:, past:shown]
    return np.concatenate(
        [rows[:, :past] * (1 - talk), rows[:, shown:-FACTS] * (1 - talk), so_far, so_far * talk, talk, rows[:, [-4, -3, -1]]], axis=1
    )


@dataclass(frozen=True)
class Combiner:
    """gate (columns of gate_view, kinds); per task: experts (inputs, kinds of the task) and their calibrations (kinds of the task, 6).

    A calibration: slope and shift of the expert's logit, an extra shift for a missing question mark; slope and shift with a question mark;
    and a final factor of the probability, at most 1.
    """

    gate: Floats
    experts: tuple[Floats, ...]
    calibrations: tuple[Floats, ...]

    def probabilities(self, rows: Floats) -> Floats:
        """Return (n, tasks) calibrated probabilities in (0, 1) of (n, inputs) rows."""
        gate = gate_view(rows) @ self.gate
        columns = []
        for task, expert, calibration in zip(TASKS, self.experts, self.calibrations, strict=True):
            found = calibrated(rows @ expert, rows[:, -FACTS:], calibration)
            columns.append(mixture(gate[:, [KINDS.index(kind) for kind in EXPERTS[task]]], found))
        return np.stack(columns, axis=1)


def unchanged(kinds_of_task: int) -> Floats:
    """Return a (kinds of the task, 6) calibration that leaves logits unchanged."""
    return np.tile(np.array([1, 0, 0, 1, 0, 1], dtype=np.float32), (kinds_of_task, 1))


def calibrated(logits: Floats, facts: Floats, calibration: Floats) -> Floats:
    """Return (n, kinds) probabilities of experts' logits (n, kinds), given the (n, FACTS) facts of the messages."""
    slope, shift, missing, shown_slope, shown_shift, most = calibration.T
    plain = slope * logits + shift + missing * facts[:, 1:2]
    shown = shown_slope * logits + shown_shift
    found: Floats = most * sigmoid(np.where(facts[:, :1] > 0, shown, plain))
    return found


def mixture(gate: Floats, found: Floats) -> Floats:
    """Return (n,) means of the experts' probabilities (n, kinds), weighted by the gate's logits (n, kinds)."""
    share = np.exp(gate - gate.max(axis=1, keepdims=True))
    mean: Floats = (share * found).sum(axis=1) / share.sum(axis=1)
    return mean


def sigmoid(logits: Floats) -> Floats:
    """Return the logistic function, clipped to the open interval (0, 1)."""
    squashed: Floats = (1 / (1 + np.exp(-np.clip(logits, -12, 12)))).astype(np.float32)
    return squashed
