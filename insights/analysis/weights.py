"""The shipped weights, read once: linear heads over hashed features, and what combines them.

Heads are kept sparse on disk (8 bits a weight, finer near zero, one scale a head) and dense in memory: features.SIZE x heads
floats, about 23 MB.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insights.analysis import features
from insights.analysis.combiner import TASKS, Combiner, Floats

HEADS: tuple[str, ...] = (
    "ami/question",
    "mrda/question",
    "ami/action",
    "mrda/action",
    "email/action",
    "own/question",
    "own/action",
    "own/follow_up",
    "is/ami",
    "is/email",
    "is/own",
)
"""One linear model per corpus and label, and those that tell the kinds of talk apart."""


@dataclass(frozen=True)
class Model:
    """table (features.SIZE, heads) weights; intercepts (heads,)."""

    table: Floats
    intercepts: Floats
    combiner: Combiner

    def head_logits(self, found: features.Features) -> Floats:
        """(heads,) logits of one message."""
        logits: Floats = found.values @ self.table[found.ids] + self.intercepts
        return logits


@cache
def shipped() -> Model:
    """The model inside the package."""
    with as_file(files("insights.analysis") / "weights" / "acts.npz") as path:
        return load(path)


def load(path: Path) -> Model:
    """A model that save() wrote."""
    with np.load(path) as saved:
        table = np.zeros((features.SIZE, len(HEADS)), dtype=np.float32)
        for number in range(len(HEADS)):
            places = np.cumsum(saved[f"gaps{number}"].astype(np.int64))
            levels = saved[f"weights{number}"].astype(np.float32) / 127
            table[places, number] = levels * np.abs(levels) * saved["scales"][number]
        experts = tuple(saved[f"experts/{task}"] for task in TASKS)
        return Model(table, saved["intercepts"], Combiner(saved["gate"], experts, saved["slopes"], saved["shifts"]))


def save(path: Path, heads: list[tuple[NDArray[np.int64], Floats, float]], combiner: Combiner) -> None:
    """Writes heads, each (columns in rising order, their weights, intercept), rounded to 8 bits, and the combiner."""
    scales = np.array([max(float(np.abs(weights).max(initial=0.0)), 1e-6) for _, weights, _ in heads], dtype=np.float32)
    arrays: dict[str, NDArray[Any]] = {"scales": scales, "intercepts": np.array([bias for _, _, bias in heads], dtype=np.float32)}
    for number, (columns, weights, _) in enumerate(heads):
        rounded = np.round(127 * np.sign(weights) * np.sqrt(np.abs(weights) / scales[number])).astype(np.int8)
        kept = rounded != 0
        arrays[f"gaps{number}"] = np.diff(columns[kept], prepend=0).astype(np.uint32)
        arrays[f"weights{number}"] = rounded[kept]
    arrays |= {f"experts/{task}": expert for task, expert in zip(TASKS, combiner.experts, strict=True)}
    arrays |= {"gate": combiner.gate, "slopes": combiner.slopes, "shifts": combiner.shifts}
    np.savez_compressed(path, allow_pickle=False, **arrays)
