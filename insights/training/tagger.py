"""Fits the name tagger to the spans annotated in AMI: python -m insights.training.tagger --data DIR

Uses only capitalised runs that the rules do not settle. Prints cross-validation results of penalties and thresholds on the train part;
train.py saves the weights.
"""

import argparse
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insights.analysis.names import tagger
from insights.analysis.names.proper_nouns import candidates, signs
from insights.analysis.text.words import tokens
from insights.training.fit import logistic
from insights.training.matrix import Matrix

PENALTY = 3.0
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """One capitalised run: the buckets of its features, whether it is a person's name, whether the rules say so, and its conversation."""

    buckets: tuple[int, ...]
    gold: bool
    ruled: bool
    conversation: str


def cases(path: Path) -> tuple[list[Case], int]:
    """Return (the unsettled cases of a corpus in order, number of gold names not among them); messages without annotation are skipped."""
    found: list[Case] = []
    missed = 0
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        row = json.loads(line)
        if row.get("entities") is None:
            continue
        gold = {(start, end) for start, end, kind in row["entities"] if kind == "person"}
        for one in candidates(tokens(row["text"]), row["text"]):
            if one.settled or (one.guess is not None and one.guess.type != "person"):
                continue
            marked = (one.start, one.end) in gold
            gold.discard((one.start, one.end))
            found.append(Case(tuple(tagger.places(signs(one, row["text"]))), marked, one.guess is not None, row["conversation"]))
        missed += len(gold)
    return found, missed


def fit(learnt: Sequence[Case], penalty: float = PENALTY) -> tuple[NDArray[np.float32], float]:
    """Return (weights, intercept); all zero without training cases."""
    if not learnt:
        return np.zeros(tagger.SIZE, dtype=np.float32), 0.0
    weights = logistic(_matrix(learnt), np.array([float(case.gold) for case in learnt]), penalty, rounds=80)
    return weights[:-1], float(weights[-1])


def _matrix(asked: Sequence[Case]) -> Matrix:
    """Return one row per case, with a final column of ones as intercept."""
    lengths = np.array([len(case.buckets) + 1 for case in asked])
    columns = np.concatenate([np.array([*case.buckets, tagger.SIZE], dtype=np.int32) for case in asked])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Matrix(starts, columns, np.ones(len(columns), dtype=np.float32), tagger.SIZE + 1)


def train(data: Path, out: Path) -> dict[str, int]:
    """Fit all cases of a corpus and write the weights; return {"cases", "names"}."""
    learnt, _ = cases(data)
    weights, intercept = fit(learnt)
    tagger.save(out, weights, intercept)
    return {"cases": len(learnt), "names": sum(case.gold for case in learnt)}


def probabilities(asked: Sequence[Case], weights: NDArray[np.float32], intercept: float) -> NDArray[np.float64]:
    """Return one probability per case."""
    logits = np.array([intercept + float(weights[list(case.buckets)].sum()) for case in asked])
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return chances


def by_folds(learnt: Sequence[Case], penalty: float) -> NDArray[np.float64]:
    """Return out-of-fold probabilities: no case is scored by a model trained on its conversation."""
    order = {name: number % _FOLDS for number, name in enumerate(sorted({case.conversation for case in learnt}))}
    fold = np.array([order[case.conversation] for case in learnt])
    chances = np.zeros(len(learnt))
    for number in range(_FOLDS):
        weights, intercept = fit([case for case, at in zip(learnt, fold, strict=True) if at != number], penalty)
        held = np.flatnonzero(fold == number)
        chances[held] = probabilities([learnt[int(at)] for at in held], weights, intercept)
    return chances


def f1(positive: NDArray[np.bool_], gold: NDArray[np.bool_], missed: int) -> str:
    """Return precision, recall and F1 as text; missed: gold names that are not a case."""
    hits = int((positive & gold).sum())
    precision, recall = hits / max(int(positive.sum()), 1), hits / max(int(gold.sum()) + missed, 1)
    return f"P {precision:.3f} R {recall:.3f} F1 {2 * precision * recall / max(precision + recall, 1e-9):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the cross-validated scores of rules and tagger on the train part; with --out only save the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ami.train.jsonl.gz")
    parser.add_argument("--out", type=Path, help="file for the weights, fitted to the whole train part")
    chosen = parser.parse_args(arguments)
    learnt, missed = cases(chosen.data / "ami.train.jsonl.gz")
    if chosen.out:
        print(train(chosen.data / "ami.train.jsonl.gz", chosen.out))
        return
    gold = np.array([case.gold for case in learnt])
    print(f"{len(learnt)} cases, {int(gold.sum())} names, {missed} names are none of them")
    print("rules", f1(np.array([case.ruled for case in learnt]), gold, missed))
    for penalty in (1.0, PENALTY, 10.0):
        chances = by_folds(learnt, penalty)
        for threshold in (0.25, 0.3, tagger.THRESHOLD, 0.4, 0.5):
            print(f"penalty {penalty:g} threshold {threshold:g}", f1(chances >= threshold, gold, missed))


if __name__ == "__main__":
    main()
