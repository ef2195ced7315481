"""What a handler gives besides sound and pictures: numbered, kept for a while, read by any number of subscribers.

A subscriber holds a cursor and reads from the log itself, so that a slow one costs no memory and steals nothing from the others;
whoever falls further behind than the log is long misses the oldest and goes on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

KEPT = 256
"""Outputs of one session that can be replayed."""


class AdditionalOutputs:
    """Values that a handler yields for its listeners: a chat history, a count, anything. They are in `args`."""

    def __init__(self, *args: Any) -> None:
        self.args = args


class CloseStream:
    """Yielded or returned by a handler, alone or behind sound or a picture: play that, then end the session."""

    def __init__(self, msg: str = "Stream closed") -> None:
        self.msg = msg


class OutputLog:
    """The outputs of one session, numbered 1, 2, 3 ...; in one event loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self.last = 0
        """Number of the newest output; 0 before the first."""
        self.closed = False
        self._kept: deque[AdditionalOutputs] = deque(maxlen=kept)
        self._waiting: set[asyncio.Event] = set()

    def append(self, outputs: AdditionalOutputs) -> int:
        """Number an output, wake everybody who waits, and return the number."""
        self._kept.append(outputs)
        self.last += 1
        self._ring()
        return self.last

    def close(self) -> None:
        """Let nothing more come; subscribers read what there is, then end."""
        self.closed = True
        self._ring()

    @property
    def latest(self) -> AdditionalOutputs | None:
        """The newest output."""
        return self._kept[-1] if self._kept else None

    @property
    def subscribers(self) -> int:
        """How many wait for the next output at this moment."""
        return len(self._waiting)

    def after(self, number: int) -> tuple[int, AdditionalOutputs] | None:
        """Return the first output after `number` that is still kept, with its own number; None when there is none yet."""
        if number >= self.last:
            return None
        found = max(number + 1, self.last - len(self._kept) + 1)
        return found, self._kept[found - self.last - 1]

    async def subscribe(self, after: int = 0) -> AsyncIterator[tuple[int, AdditionalOutputs]]:
        """Yield (number, output) for every output after the number `after`, then live; ends when the log is closed.

        A cursor from the future (of another session with the same id) counts as 0.
        """
        cursor = after if 0 <= after <= self.last else 0
        changed = asyncio.Event()
        while True:
            found = self.after(cursor)
            if found is not None:
                cursor = found[0]
                yield found
                continue
            if self.closed:
                return
            changed.clear()
            self._waiting.add(changed)
            try:
                await changed.wait()
            finally:
                self._waiting.discard(changed)

    def _ring(self) -> None:
        for event in self._waiting:
            event.set()
