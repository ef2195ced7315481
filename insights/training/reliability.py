"""Measures whether confidences are probabilities: python -m insights.training.reliability --data DIR [--svg FILE]

Prints per corpus, task and tenth of confidence the number of messages, the mean confidence, and the share of correct ones. The experts
are calibrated on the same dev parts, so this table uses five-fold cross-validation: a conversation never calibrates its own
confidences.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from insights.analysis.acts.mixture import HEADS, LABELS, TASKS, Floats
from insights.analysis.acts.weights import Model, shipped
from insights.insight_kinds import FOLLOW_UP
from insights.training import combine, corpora, diagram
from insights.training.combiner_inputs import HANDS, hands, inputs, signs
from insights.training.corpora import Row
from insights.training.diagram import ConfidenceBin
from insights.training.matrix import Seen, build
from insights.training.net import logits as logits_of_net

FOLDS = 5
SURE = 0.9
"""A threshold that the documentation recommends to clients."""

_LABEL = {task: label for task, label in LABELS.items() if task != FOLLOW_UP.name}
_DRAWS = 40

Pair = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Summary:
    """ece over all, ece_above over confidences of .1 and more; chance: both for perfect calibration; reported at SURE, and right."""

    ece: float
    ece_above: float
    chance: tuple[float, float]
    reported: int
    right: int


def bins(pairs: Iterable[Pair]) -> list[ConfidenceBin | None]:
    """Return ten tenths of (confidence, gold) pairs; None for empty ones."""
    sorted_in: list[list[Pair]] = [[] for _ in range(10)]
    for confidence, gold in pairs:
        sorted_in[min(int(confidence * 10), 9)].append((confidence, gold))
    return [_bin(tenth) if tenth else None for tenth in sorted_in]


def _bin(pairs: Sequence[Pair]) -> ConfidenceBin:
    return ConfidenceBin(len(pairs), sum(confidence for confidence, _ in pairs) / len(pairs), sum(gold for _, gold in pairs) / len(pairs))


def error(found: Sequence[ConfidenceBin | None]) -> float:
    """Return the expected calibration error: the mean distance of confidence and share, weighted by the number of messages."""
    total = sum(one.count for one in found if one)
    return sum(one.count * abs(one.confidence - one.right) for one in found if one) / max(total, 1)


def summary(pairs: Sequence[Pair]) -> Summary:
    """Return the figures of one line."""
    tenths = bins(pairs)
    coin = np.random.default_rng(23)
    confidences = [confidence for confidence, _ in pairs]
    draws = [bins(zip(confidences, (coin.random(len(pairs)) < confidences).tolist(), strict=True)) for _ in range(_DRAWS)]
    chance = sum(error(drawn) for drawn in draws) / _DRAWS, sum(error([None, *drawn[1:]]) for drawn in draws) / _DRAWS
    sure = [gold for confidence, gold in pairs if confidence >= SURE]
    return Summary(error(tenths), error([None, *tenths[1:]]), chance, len(sure), sum(sure))


def measured(model: Model, rows: Sequence[Row], style: str) -> dict[str, list[Pair]]:
    """Return (confidence, gold) pairs by corpus and task; every confidence is from a calibration without its conversation."""
    mixed = corpora.restyled(rows, "mixed")
    seen = build(mixed, model.classes)
    learnt = hands(rows, mixed, seen, *_logits(model, seen))
    asked = _asked(model, corpora.restyled(rows, style))
    folds = np.array([crc32(row.origin.encode()) % FOLDS for row in rows])
    answers = np.zeros((len(rows), len(TASKS)), dtype=np.float32)
    for fold in range(FOLDS):
        others = np.flatnonzero(np.tile(folds != fold, HANDS))
        rest = [mixed[row % len(rows)] for row in others]
        shown = [seen.shown[row % len(rows)] for row in others]
        fitted = combine.calibrate(model.combiner, learnt[others], rest, shown)
        answers[folds == fold] = fitted.probabilities(asked[folds == fold])
    pairs: dict[str, list[Pair]] = {}
    for row, answer in zip(rows, answers.tolist(), strict=True):
        for task, label in _LABEL.items():
            gold = getattr(row, label)
            if gold is not None:
                pairs.setdefault(f"{row.corpus} {task.replace('_', ' ')}", []).append((answer[TASKS.index(task)], bool(gold)))
    return pairs


def _asked(model: Model, rows: Sequence[Row]) -> Floats:
    seen = build(rows, model.classes)
    marks = np.array(["?" in row.text for row in rows])
    return inputs(rows, signs(rows, *_logits(model, seen)), seen.shown, seen.words, marks)


def _logits(model: Model, seen: Seen) -> tuple[Floats, Floats]:
    """Return (rows, ALL_HEADS) logits of the heads and (rows, HEADS) of the network."""
    columns = [
        (seen.matrix if number < len(HEADS) else seen.plain).times(np.ascontiguousarray(column)) + intercept
        for number, (column, intercept) in enumerate(zip(model.table.T, model.intercepts, strict=True))
    ]
    return np.stack(columns, axis=1).astype(np.float32), logits_of_net(model.net, seen.views)


def line(name: str, pairs: Sequence[Pair]) -> str:
    """Return one line of the Markdown table."""
    found = summary(pairs)
    shown = " | ".join(f"{one.confidence:.2f} {one.right:.2f} ({one.count})" if one else "-" for one in bins(pairs))
    low, high = found.chance
    return f"| {name} | {shown} | {found.ece:.4f} ({low:.4f}) | {found.ece_above:.3f} ({high:.3f}) | {found.right} of {found.reported} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for the dev parts, and draw it with --svg."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda,email}.dev.jsonl.gz")
    parser.add_argument("--svg", type=Path, help="draw the diagram into this file")
    chosen = parser.parse_args(arguments)
    rows = corpora.read(sorted(chosen.data.glob("*.dev.jsonl.gz")))
    print(
        "| | "
        + " | ".join(f".{tenth}-" for tenth in range(10))
        + " | ECE (by chance) | from .1 (by chance) | right at .9 |\n"
        + "|---" * 14
        + "|"
    )
    panels: dict[str, list[list[ConfidenceBin | None]]] = {}
    for style in ("text", "noq"):
        for name, pairs in measured(shipped(), rows, style).items():
            print(line(f"{name} {style}", pairs))
            panels.setdefault(name, []).append(bins(pairs))
    if chosen.svg:
        chosen.svg.write_text(diagram.draw(panels), encoding="utf-8")


if __name__ == "__main__":
    main()
