"""Pieces of a large edit, for one short transaction each, whose size follows the time that the pieces before took."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from insights.recorder.edits.change_events import MOST_SENT_AGAIN

MOST = 200
"""Rows of a piece at most."""
MOST_AGAIN = 50
"""Rows at most of a piece that is sent again."""
FIRST = 40
"""Rows of the first piece, of which nothing is known."""
FEWEST_AGAIN, FEWEST = 25, 100
"""Rows of a piece at least, if they are sent again and if not: each piece stores the whole change, so many small ones would cost more."""
TARGET_S = 0.1
"""Seconds of the processor that a piece should take: a live result may have to wait for it."""
GROWTH = 2.0
"""A piece is at most so many times as large as the one before."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Piece(Generic[Item]):
    """Some of the items, in their order. `again`: they are among the last ones, which are sent again with their words."""

    items: Sequence[Item]
    again: bool
    last: bool


def pieces_of(items: Sequence[Item], most: int = MOST) -> Iterator[Piece[Item]]:
    """Yield the pieces; the time between two of them is that of the first one. One empty piece for no items."""
    size, at = min(FIRST, most), 0
    while True:
        left = len(items) - at
        again = left <= MOST_SENT_AGAIN
        count = min(size, MOST_AGAIN, left) if again else min(size, left - MOST_SENT_AGAIN)
        since = time.thread_time()
        yield Piece(items[at : at + count], again, count == left)
        at += count
        if at >= len(items):
            return
        size = _next_size(count, time.thread_time() - since, again, most)


def _next_size(count: int, took_s: float, again: bool, most: int) -> int:
    wanted = count * min(GROWTH, TARGET_S / max(took_s, 1e-6))
    return min(most, max(FEWEST_AGAIN if again else FEWEST, int(wanted)))
