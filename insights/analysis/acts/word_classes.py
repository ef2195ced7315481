"""Words that are used alike, as classes: "send" and "give" are one to the linear heads, besides being two words.

Made by training.alike from the words that stand beside each other; a word is known by its hash. What a message says in classes, one to
three in a row, are features of their own range.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BITS = 17
SIZE = 1 << BITS
"""How many different features of classes there are."""

COARSE, FINE = 150, 600
"""Into how many classes words are put, once roughly and once finely."""

STRENGTH = 4.0
"""Length of a message's features of classes, taken together, however long the message is."""

_STEP = np.uint64(10)
_EDGE = 1 << 10
_UNKNOWN, _START, _END = ((_EDGE - place) << 10 | (_EDGE - place) for place in (1, 2, 3))
_LOW = np.uint64(_EDGE - 1)
_KINDS = np.arange(5, dtype=np.uint64) << np.uint64(40)
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF, _SHIFT = np.uint64(29), np.uint64(64 - BITS)


@dataclass(frozen=True)
class Classes:
    """of: (coarse class below COARSE, fine one below FINE) by a word's hash; words that are not there share a class of their own."""

    of: Mapping[int, tuple[int, int]]
    _codes: dict[int, int] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._codes.update((word, coarse << 10 | fine) for word, (coarse, fine) in self.of.items())

    def places(self, hashes: tuple[int, ...]) -> NDArray[np.uint32]:
        """(n,) features in [0, SIZE): classes of single words (fine and coarse), of pairs (both), of triples (coarse), edges included.

        Nothing where no class is known at all.
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
