"""The shipped weights, loaded once: linear heads over hashed features, the network, and the combiner.

Heads are sparse on disk (8 bits per weight, finer near zero, one scale per head) and dense in memory: features.SIZE x heads
floats, about 29 MB.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insights.analysis.acts import features
from insights.analysis.acts.cnn import EMBEDDINGS, SHAPES, Net
from insights.analysis.acts.mixture import HEADS, TASKS, Combiner, Floats
from insights.analysis.acts.word_classes import Classes

KIND_HEADS: tuple[str, ...] = ("is/ami", "is/email", "is/own")
"""Linear models over a message's own single words and pairs, which distinguish the types of talk."""

ALL_HEADS = HEADS + KIND_HEADS


@dataclass(frozen=True)
class Model:
    """table (features.SIZE, ALL_HEADS) weights; intercepts (ALL_HEADS,)."""

    table: Floats
    intercepts: Floats
    classes: Classes
    net: Net
    combiner: Combiner

    def head_logits(self, found: features.Features) -> Floats:
        """Return (ALL_HEADS,) logits of one message."""
        rows = self.table[found.ids]
        tasks = found.values @ rows[:, : len(HEADS)]
        kinds = rows[: found.plain, len(HEADS) :].sum(axis=0)
        logits: Floats = np.concatenate([tasks, kinds]) + self.intercepts
        return logits

    def likeness(self, hashes: tuple[int, ...]) -> Floats:
        """Return (KIND_HEADS,) logits of a message's own words."""
        logits: Floats = self.table[features.plain_ids(hashes), len(HEADS) :].sum(axis=0) + self.intercepts[len(HEADS) :]
        return logits


@cache
def shipped() -> Model:
    """Return the model inside the package."""
    with as_file(files("insights.analysis") / "weights" / "acts.npz") as path:
        return load(path)


def load(path: Path) -> Model:
    """Return a model written by save()."""
    with np.load(path) as saved:
        table = np.zeros((features.SIZE, len(ALL_HEADS)), dtype=np.float32)
        for number in range(len(ALL_HEADS)):
            places = np.cumsum(saved[f"gaps{number}"].astype(np.int64))
            levels = saved[f"weights{number}"].astype(np.float32) / 127
            table[places, number] = levels * np.abs(levels) * saved["scales"][number]
        experts = tuple(saved[f"experts/{task}"] for task in TASKS)
        calibrations = tuple(saved[f"calibrations/{task}"] for task in TASKS)
        return Model(table, saved["intercepts"], _classes(saved), _net(saved), Combiner(saved["gate"], experts, calibrations))


def _classes(saved: Mapping[str, NDArray[Any]]) -> Classes:
    pairs = zip(saved["classes/coarse"].tolist(), saved["classes/fine"].tolist(), strict=True)
    return Classes(dict(zip(saved["classes/words"].tolist(), pairs, strict=True)))


def _class_arrays(classes: Classes) -> dict[str, NDArray[Any]]:
    """Return hashes of words in ascending order, and their two classes."""
    words = sorted(classes.of)
    return {
        "classes/words": np.array(words, dtype=np.uint32),
        "classes/coarse": np.array([classes.of[word][0] for word in words], dtype=np.uint8),
        "classes/fine": np.array([classes.of[word][1] for word in words], dtype=np.uint16),
    }


def _net(saved: Mapping[str, NDArray[Any]]) -> Net:
    arrays = {name: saved[f"net/{name}"].astype(np.float32) for name in SHAPES}
    for name in EMBEDDINGS:
        arrays[name] *= saved[f"net/{name}/scales"]
    return Net(arrays)


def _net_arrays(net: Net) -> dict[str, NDArray[Any]]:
    """Return embeddings at 8 bits with a scale per column, the rest at 16."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, array in net.arrays.items():
        if name in EMBEDDINGS:
            scales = np.abs(array).max(axis=0) / 127 + np.float32(1e-9)
            arrays |= {f"net/{name}": np.round(array / scales).astype(np.int8), f"net/{name}/scales": scales}
        else:
            arrays[f"net/{name}"] = array.astype(np.float16)
    return arrays


def save(path: Path, heads: list[tuple[NDArray[np.int64], Floats, float]], classes: Classes, net: Net, combiner: Combiner) -> None:
    """Write heads, each (columns in ascending order, their weights, intercept), rounded to 8 bits, classes, network and combiner."""
    scales = np.array([max(float(np.abs(weights).max(initial=0.0)), 1e-6) for _, weights, _ in heads], dtype=np.float32)
    arrays: dict[str, NDArray[Any]] = {"scales": scales, "intercepts": np.array([bias for _, _, bias in heads], dtype=np.float32)}
    for number, (columns, weights, _) in enumerate(heads):
        rounded = np.round(127 * np.sign(weights) * np.sqrt(np.abs(weights) / scales[number])).astype(np.int8)
        kept = rounded != 0
        arrays[f"gaps{number}"] = np.diff(columns[kept], prepend=0).astype(np.uint32)
        arrays[f"weights{number}"] = rounded[kept]
    arrays |= {f"experts/{task}": expert for task, expert in zip(TASKS, combiner.experts, strict=True)}
    arrays |= _class_arrays(classes) | _net_arrays(net)
    arrays |= {f"calibrations/{task}": calibration for task, calibration in zip(TASKS, combiner.calibrations, strict=True)}
    arrays["gate"] = combiner.gate
    np.savez_compressed(path, allow_pickle=False, **arrays)
