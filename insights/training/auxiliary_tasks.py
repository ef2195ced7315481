"""Auxiliary tasks: the dialogue acts of the meetings, which the network learns besides its own outputs. They are not shipped.

Action items are rare, but every message of a meeting has a dialogue act: inform, suggest, offer, agree, ask, command. Learning to
distinguish them improves the shared layers for the rare labels too.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from insights.training.corpora import Row

_LEAST = 150
"""Minimum number of rows of an act."""


def names(rows: Sequence[Row], least: int = _LEAST) -> list[str]:
    """Return the acts that are learned, most frequent first, ties by name."""
    counts = Counter(act for row in rows for act in row.acts)
    return sorted((act for act, count in counts.items() if count >= least), key=lambda act: (-counts[act], act))


def labels(rows: Sequence[Row], acts: Sequence[str]) -> NDArray[np.float32]:
    """Return (rows, acts) 1 or 0, and -1 where the row's corpus lacks the act or the row has none."""
    place = {act: number for number, act in enumerate(acts)}
    families = {
        corpus: [number for act, number in place.items() if act.startswith(f"{corpus}/")] for corpus in {row.corpus for row in rows}
    }
    found = np.full((len(rows), len(acts)), -1, dtype=np.float32)
    for number, row in enumerate(rows):
        if row.acts:
            found[number, families[row.corpus]] = 0
            found[number, [place[act] for act in row.acts if act in place]] = 1
    return found
