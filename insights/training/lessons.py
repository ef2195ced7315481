"""Side lessons: the dialogue acts of the meetings, which the network learns beside its own outputs and forgets when it ships.

Action items are rare, but every message of a meeting says what it does: inform, suggest, offer, agree, ask, command. Who can tell these
apart looks at words in a way that serves the rare labels too.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from insights.training.corpora import Row

_LEAST = 150
"""Acts seen in fewer rows teach nothing."""


def names(rows: Sequence[Row], least: int = _LEAST) -> list[str]:
    """The acts worth learning, most frequent first, equals by name."""
    counts = Counter(act for row in rows for act in row.acts)
    return sorted((act for act, count in counts.items() if count >= least), key=lambda act: (-counts[act], act))


def labels(rows: Sequence[Row], acts: Sequence[str]) -> NDArray[np.float32]:
    """(rows, acts) 1 or 0, and -1 where the row's corpus does not know the act or the row has none."""
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
