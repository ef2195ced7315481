"""Fits the tagger of names to the spans that AMI's annotators marked: python -m insights.training.tagger --data DIR

Only runs of capitals are asked about, and only those that the rules do not settle. Prints what folds of the train part say of penalties and
thresholds; train.py saves the weights.
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
    """One run of capitals: the buckets of its signs, whether it is a person's name, whether the rules say so, and its conversation."""

    buckets: tuple[int, ...]
    gold: bool
    ruled: bool
    conversation: str


def cases(path: Path) -> tuple[list[Case], int]:
    """(the open cases of a corpus in order, gold names that are none of them); messages that nobody annotated are left out."""
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
    """(weights, intercept); all zero where there is nothing to learn from."""
    if not learnt:
        return np.zeros(tagger.SIZE, dtype=np.float32), 0.0
    weights = logistic(_matrix(learnt), np.array([float(case.gold) for case in learnt]), penalty, rounds=80)
    return weights[:-1], float(weights[-1])


def _matrix(asked: Sequence[Case]) -> Matrix:
    """One row a case, a last column of ones as intercept."""
    lengths = np.array([len(case.buckets) + 1 for case in asked])
    columns = np.concatenate([np.array([*case.buckets, tagger.SIZE], dtype=np.int32) for case in asked])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Matrix(starts, columns, np.ones(len(columns), dtype=np.float32), tagger.SIZE + 1)


def train(data: Path, out: Path) -> dict[str, int]:
    """Fits all cases of a corpus and writes the weights; returns {"cases", "names"}."""
    learnt, _ = cases(data)
    weights, intercept = fit(learnt)
    tagger.save(out, weights, intercept)
    return {"cases": len(learnt), "names": sum(case.gold for case in learnt)}


def probabilities(asked: Sequence[Case], weights: NDArray[np.float32], intercept: float) -> NDArray[np.float64]:
    """One for each case."""
    logits = np.array([intercept + float(weights[list(case.buckets)].sum()) for case in asked])
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return chances


def by_folds(learnt: Sequence[Case], penalty: float) -> NDArray[np.float64]:
    """Probabilities of cases whose conversations were not learnt from."""
    order = {name: number % _FOLDS for number, name in enumerate(sorted({case.conversation for case in learnt}))}
    fold = np.array([order[case.conversation] for case in learnt])
    chances = np.zeros(len(learnt))
    for number in range(_FOLDS):
        weights, intercept = fit([case for case, at in zip(learnt, fold, strict=True) if at != number], penalty)
        held = np.flatnonzero(fold == number)
        chances[held] = probabilities([learnt[int(at)] for at in held], weights, intercept)
    return chances


def f1(told: NDArray[np.bool_], gold: NDArray[np.bool_], missed: int) -> str:
    """Precision, recall and F1 as text; missed: gold names that are no case at all."""
    hits = int((told & gold).sum())
    precision, recall = hits / max(int(told.sum()), 1), hits / max(int(gold.sum()) + missed, 1)
    return f"P {precision:.3f} R {recall:.3f} F1 {2 * precision * recall / max(precision + recall, 1e-9):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints what rules and tagger reach on folds of the train part; with --out it only saves the weights."""
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
