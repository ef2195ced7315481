"""Classes of words with similar usage: "send" and "give" share a class for the linear heads, besides being two words.

Built by insights/training/word_clusters.py from neighbouring words; words are identified by hash. Sequences of one to three classes are
features with a range of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BITS = 17
SIZE = 1 << BITS
"""Number of different features of classes."""

COARSE, FINE = 150, 600
"""Number of classes, coarse and fine."""

STRENGTH = 4.0
"""Norm of a message's class features taken together, independent of its length."""

_STEP = np.uint64(10)
_EDGE = 1 << 10
_UNKNOWN, _START, _END = ((_EDGE - place) << 10 | (_EDGE - place) for place in (1, 2, 3))
_LOW = np.uint64(_EDGE - 1)
_KINDS = np.arange(5, dtype=np.uint64) << np.uint64(40)
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF, _SHIFT = np.uint64(29), np.uint64(64 - BITS)


@dataclass(frozen=True)
class Classes:
    """of: (coarse class below COARSE, fine class below FINE) by a word's hash; unknown words share a class of their own."""

    of: Mapping[int, tuple[int, int]]
    _codes: dict[int, int] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._codes.update((word, coarse << 10 | fine) for word, (coarse, fine) in self.of.items())

    def places(self, hashes: tuple[int, ...]) -> NDArray[np.uint32]:
        """Return (n,) features in [0, SIZE): classes of words (fine and coarse), of pairs (both), of triples (coarse), edges included.

        Empty where no class is known.
        """
        if not self._codes:
            return np.zeros(0, dtype=np.uint32)
        codes = self._codes
        row = np.array([_START, *[codes.get(word, _UNKNOWN) for word in hashes], _END], dtype=np.uint64)
        coarse, fine = row >> _STEP, row & _LOW
        pairs = coarse[:-1] << _STEP | coarse[1:]
        parts = (coarse, fine, pairs, fine[:-1] << _STEP | fine[1:], pairs[:-1] << _STEP | coarse[2:])
        grams = np.concatenate(parts) + np.repeat(_KINDS, [len(part) for part in parts])
        mixed = grams * _A
        mixed ^= mixed >> _HALF
        return (mixed * _B >> _SHIFT).astype(np.uint32)


NONE = Classes({})
"""No word has a class."""
