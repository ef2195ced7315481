"""Classifies capitalised runs as person names: one logistic model over hashed features of the surrounding words.

Loads weights/names.npz (written by insights/training/train.py) once. proper_nouns.py extracts the features;
insights/training/tagger.py fits the weights.
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
"""Number of hash buckets."""

THRESHOLD = 0.35
"""Minimum probability of a name; on folds of the train part all values from 0.25 to 0.5 give the same F1 within .006."""


def places(signs: Iterable[str]) -> list[int]:
    """Return the distinct buckets of the features in order."""
    return sorted({crc32(sign.encode()) % SIZE for sign in signs})


def is_person(signs: Iterable[str]) -> bool:
    """Return whether the features indicate a person's name."""
    weights, intercept = _shipped()
    logit = intercept + float(weights[places(signs)].sum())
    return logit >= log(THRESHOLD / (1 - THRESHOLD))


def save(path: Path, weights: NDArray[np.float32], intercept: float) -> None:
    """Write (SIZE,) weights, at half precision, and the intercept."""
    np.savez_compressed(path, weights=weights.astype(np.float16), intercept=np.float32(intercept))


def load(path: Path) -> tuple[NDArray[np.float32], float]:
    """Return (weights, intercept) as written by save()."""
    with np.load(path) as saved:
        return saved["weights"].astype(np.float32), float(saved["intercept"])


@cache
def _shipped() -> tuple[NDArray[np.float32], float]:
    with as_file(files("insights.analysis") / "weights" / "names.npz") as path:
        return load(path)
