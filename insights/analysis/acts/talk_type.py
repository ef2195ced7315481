"""The type of talk so far, estimated from the earlier messages without further state.

One sentence seldom distinguishes a design meeting from a seminar, two dozen do. Each message's own words get a logit per type of talk
(cached by text, since every message is context of the next ones); their sums and means are inputs of the gate.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PAST = 24
"""Number of earlier messages that are used."""

TYPES = 3
"""Number of types that are distinguished from the rest: the columns of a message's likeness."""

SIGNS = 2 * TYPES + 1
"""Columns of history()."""

_MOST = 30.0


def history(before: Sequence[Floats] | Floats) -> Floats:
    """Return (SIGNS,) from the likenesses, (n, TYPES), of the last PAST messages: sums (clipped), means, and their number."""
    signs = np.zeros(SIGNS, dtype=np.float32)
    recent = before[-PAST:]
    if len(recent):
        total = np.sum(recent, axis=0)
        signs[:TYPES] = np.clip(total, -_MOST, _MOST) / 3
        signs[TYPES : 2 * TYPES] = total / len(recent)
        signs[-1] = len(recent) / PAST
    return signs
