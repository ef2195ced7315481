"""Whether a run of capitals is a person's name: one logistic model over hashed signs of the words around it.

Reads weights/names.npz (made by train.py) once. Knows no words of its own: names.py gathers the signs, training/tagger.py fits the weights.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files
from math import log
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SIZE = 2**13
"""Buckets of the hashed signs."""

THRESHOLD = 0.35
"""Probability from which a run counts as a name; on folds of the train part all from 0.25 to 0.5 give the same F1 within .006."""


def places(signs: Iterable[str]) -> list[int]:
    """The bucket of each sign, each once, in order."""
    return sorted({crc32(sign.encode()) % SIZE for sign in signs})


def is_person(signs: Iterable[str]) -> bool:
    """Whether the signs of a run speak for a name."""
    weights, intercept = _shipped()
    logit = intercept + float(weights[places(signs)].sum())
    return logit >= log(THRESHOLD / (1 - THRESHOLD))


def save(path: Path, weights: NDArray[np.float32], intercept: float) -> None:
    """Writes (SIZE,) weights, at half precision, and the intercept."""
    np.savez_compressed(path, weights=weights.astype(np.float16), intercept=np.float32(intercept))


def load(path: Path) -> tuple[NDArray[np.float32], float]:
    """(weights, intercept) that save() wrote."""
    with np.load(path) as saved:
        return saved["weights"].astype(np.float32), float(saved["intercept"])


@cache
def _shipped() -> tuple[NDArray[np.float32], float]:
    with as_file(files("insights.analysis") / "weights" / "names.npz") as path:
        return load(path)
