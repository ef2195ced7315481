"""Fits the combiner on out-of-fold logits of all corpora: one expert per corpus and task, the gate, and the calibration on unseen rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import rule_features
from insights.analysis.acts.mixture import EXPERTS, FACTS, HEADS, KINDS, LABELS, TASKS, Combiner, Floats, calibrated, gate_view, unchanged
from insights.analysis.acts.weights import ALL_HEADS
from insights.insight_kinds import FOLLOW_UP, KindName
from insights.training.combiner_inputs import HANDS
from insights.training.corpora import Row
from insights.training.fit import Vector, lbfgs

LOGITS = len(ALL_HEADS) + len(HEADS)
"""Number of logit columns at the front of the inputs: linear heads, then the network."""

_EXPERT_PENALTY = {
    "ami/question": 100.0,
    "mrda/question": 400.0,
    "ami/action": 100.0,
    "mrda/action": 100_000.0,
    "email/action": 1000.0,
}
_OWN_PENALTY = 20.0
"""How strongly an expert is tied to its own head and the corresponding network output; that of our own sentences for any label."""

_GATE_PENALTY = 30.0
_GATE_WEIGHT = {"ami": 1.0, "mrda": 1.0, "email": 8.0, "own": 40.0}
"""Weights of the corpora. Small corpora weigh more, because live talk is equally likely to resemble them."""

_CONTACT = frozenset(rule_features.NAMES.index(name) for name in ("contact", "contact_promise", "set_meeting", "again", "contact_noun"))
_UNLIKELY = 0.02
"""Weight of corpus rows counted as no follow-up because they are no task and show no sign of contact."""

_LIGHT = 0.05
_SURE, _KNOWN, _HELD_BACK = 0.9, 20, 0.89
"""An expert may exceed .9 only if at least _KNOWN messages were that sure and nine in ten right; else it is multiplied by .89."""


def targets(rows: Sequence[Row], shown: Sequence[tuple[int, ...]], task: KindName) -> tuple[Vector, Vector]:
    """Return (labels, weights) of a task; weight 0 where the row has no label."""
    labels, weights = np.zeros(len(rows)), np.zeros(len(rows))
    for number, row in enumerate(rows):
        value, weight = getattr(row, LABELS[task]), 1.0
        if value is None and task == FOLLOW_UP.name and row.action == 0 and _CONTACT.isdisjoint(shown[number]):
            value, weight = 0, _UNLIKELY
        if value is not None:
            labels[number], weights[number] = value, weight
    return labels, weights


def _spread(table: Floats) -> Vector:
    """Return the divisor of each input, so that one penalty suits all: 3 for logits, the standard deviation for the rest; never 0."""
    spread: Vector = table.std(axis=0, dtype=np.float64) + 0.05
    spread[:LOGITS] = 3.0
    return spread


def _minimise(width: int, penalty: float, loss: Callable[[Vector], tuple[float, Vector]], start: Vector, free: Sequence[int]) -> Vector:
    """Minimise loss plus a ridge penalty on all but the free positions, by L-BFGS."""
    ridge = np.full(width, penalty)
    ridge[list(free)] = 1e-3

    def penalised(point: Vector) -> tuple[float, Vector]:
        value, gradient = loss(point)
        return value + 0.5 * float(ridge @ ((point - start) ** 2)), gradient + ridge * (point - start)

    return lbfgs(penalised, start, 200)


def fit_expert(table: Floats, labels: Vector, weights: Vector, head: int, penalty: float, spread: Vector) -> Floats:
    """Return (inputs,) weights: free slopes for the head's and the network's logits, plus small shifts by all other inputs."""
    x = table.astype(np.float64) / spread
    start = np.zeros(x.shape[1])
    pair = (head, len(ALL_HEADS) + head)
    start[list(pair)] = spread[list(pair)] / 2

    def loss(point: Vector) -> tuple[float, Vector]:
        margin = x @ point
        residual = weights * (1 / (1 + np.exp(-np.clip(margin, -40, 40))) - labels)
        return float((weights * (np.logaddexp(0, margin) - labels * margin)).sum()), x.T @ residual

    found: Floats = (_minimise(len(start), penalty, loss, start, (*pair, len(start) - 1)) / spread).astype(np.float32)
    return found


def fit_gate(table: Floats, corpora: NDArray[np.int64]) -> Floats:
    """Return (columns of gate_view, KINDS) weights of a softmax that predicts the corpus of a message."""
    seen = gate_view(table)
    spread = seen.std(axis=0, dtype=np.float64) + 0.05
    x = seen.astype(np.float64) / spread
    weights = np.array([_GATE_WEIGHT[kind] for kind in KINDS])[corpora]
    wanted = np.eye(len(KINDS))[corpora]
    shape = (x.shape[1], len(KINDS))

    def loss(point: Vector) -> tuple[float, Vector]:
        margin = x @ point.reshape(shape)
        margin -= margin.max(axis=1, keepdims=True)
        total = np.exp(margin).sum(axis=1)
        residual = weights[:, np.newaxis] * (np.exp(margin) / total[:, np.newaxis] - wanted)
        return float((weights * (np.log(total) - (margin * wanted).sum(axis=1))).sum()), (x.T @ residual).ravel()

    size = shape[0] * shape[1]
    point = _minimise(size, _GATE_PENALTY, loss, np.zeros(size), range(size - len(KINDS), size))
    gate: Floats = (point.reshape(shape) / spread[:, np.newaxis]).astype(np.float32)
    return gate


def fit(table: Floats, rows: Sequence[Row], shown: Sequence[tuple[int, ...]]) -> Combiner:
    """Fit gate and experts, without calibration."""
    spread = _spread(table)
    corpora = np.array([KINDS.index(row.corpus) for row in rows])
    experts = []
    for task in TASKS:
        labels, weights = targets(rows, shown, task)
        columns = []
        for kind in EXPERTS[task]:
            mine = weights > 0 if task == FOLLOW_UP.name else (weights > 0) & (corpora == KINDS.index(kind))
            name = f"{kind}/{LABELS[task]}"
            penalty = _EXPERT_PENALTY.get(name, _OWN_PENALTY)
            columns.append(fit_expert(table[mine], labels[mine], weights[mine], HEADS.index(name), penalty, spread))
        experts.append(np.stack(columns, axis=1))
    return Combiner(fit_gate(table, corpora), tuple(experts), tuple(unchanged(len(EXPERTS[task])) for task in TASKS))


def calibrate(found: Combiner, table: Floats, rows: Sequence[Row], shown: Sequence[tuple[int, ...]]) -> Combiner:
    """Return the combiner with each expert calibrated on the rows of its corpus; unchanged without rows."""
    corpora = np.array([row.corpus for row in rows])
    calibrations = []
    for task, expert in zip(TASKS, found.experts, strict=True):
        labels, weights = targets(rows, shown, task)
        calibration = unchanged(len(EXPERTS[task]))
        for place, kind in enumerate(EXPERTS[task]):
            mine = (corpora == kind) & (weights == 1)
            if mine.any():
                logits = (table[mine] @ expert[:, place]).astype(np.float64)
                calibration[place] = _calibration(logits, table[mine, -FACTS:], labels[mine])
        calibrations.append(calibration)
    return replace(found, calibrations=tuple(calibrations))


def _calibration(logits: Vector, facts: Floats, labels: Vector) -> Floats:
    """Return the (6,) calibration of one expert; see mixture.Combiner."""
    marked = facts[:, 0] > 0
    columns = np.stack([logits, np.ones(len(logits)), facts[:, 1].astype(np.float64)], axis=1)
    plain, shown = _platt(columns[~marked], labels[~marked]), _platt(columns[marked, :2], labels[marked])
    calibration = np.array([*plain, *shown, 1], dtype=np.float32)
    probabilities = calibrated(logits[:, np.newaxis].astype(np.float32), facts, calibration[np.newaxis])[:, 0]
    sure = labels[probabilities >= _SURE]
    if len(sure) < _KNOWN * HANDS or sure.mean() < _SURE:
        calibration[-1] = _HELD_BACK
    return calibration


def _platt(columns: Vector, labels: Vector) -> Vector:
    """Return weights of a logistic fit of labels on columns, the first one a logit; regularised to 1 for it and 0 for the others."""
    start = np.eye(columns.shape[1])[0]

    def loss(point: Vector) -> tuple[float, Vector]:
        margin, step = columns @ point, point - start
        residual = 1 / (1 + np.exp(-np.clip(margin, -40, 40))) - labels
        value = float((np.logaddexp(0, margin) - labels * margin).sum() + 0.5 * _LIGHT * step @ step)
        return value, columns.T @ residual + _LIGHT * step

    return lbfgs(loss, start, 80)
