"""What kind of talk a conversation is like so far: an estimate from the messages before, kept nowhere but in them.

One sentence seldom tells a design meeting from a seminar, two dozen do. Each message's own words get a logit per kind of talk (remembered
by text, since every message is context of the next ones); their sums and means are facts for the gate.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PAST = 24
"""Messages before that are looked at."""

TOLD = 3
"""Kinds that are told from the rest: the columns of a message's likeness."""

SIGNS = 2 * TOLD + 1
"""Columns of history()."""

_MOST = 30.0


def history(before: Sequence[Floats] | Floats) -> Floats:
    """(SIGNS,) from the likenesses, (n, TOLD), of the last PAST messages before: sums (kept within bounds), means, how many."""
    signs = np.zeros(SIGNS, dtype=np.float32)
    recent = before[-PAST:]
    if len(recent):
        total = np.sum(recent, axis=0)
        signs[:TOLD] = np.clip(total, -_MOST, _MOST) / 3
        signs[TOLD : 2 * TOLD] = total / len(recent)
        signs[-1] = len(recent) / PAST
    return signs
