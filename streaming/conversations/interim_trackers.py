"""Trackers in interim text, for clients that asked to be told before a turn is over (`config.trackers.interimResults`).

What is found here is told at once, stored never, and told again with its message when the turn is final.
"""

import asyncio
import logging
from collections.abc import Sequence

from insights.analysis.text.languages import knows
from insights.analysis.trackers import Tracker, TrackerHit, TrackerIndex
from insights.events import MessageReference, TrackerMatchSnapshot, TrackerSnapshot
from streaming.aio.executors import FINDING
from streaming.aio.safe_log import error_location

logger = logging.getLogger(__name__)

ENOUGH_S = 0.2
"""How long an interim text waits for its trackers."""


class InterimTrackers:
    """Finds each phrase of a turn once, while the turn is still being said."""

    def __init__(self, trackers: tuple[Tracker, ...], language: str = "en-US") -> None:
        self._trackers = trackers
        self._language = language
        self._index: TrackerIndex | None = None
        self._turn = 0
        self._told: set[tuple[str, str]] = set()
        self._finding: asyncio.Future[Sequence[TrackerHit]] | None = None

    async def find(self, turn: int, text: str) -> list[TrackerSnapshot]:
        """Return the newly found trackers, as in a stored event, but without a message to refer to.

        What takes too long is left to the next interim text, or to the final one, which waits behind this.
        """
        if turn != self._turn:
            self._turn, self._told = turn, set()
        if self._finding is not None and not self._finding.done():
            return []
        self._finding = FINDING.run(self._find, text)
        await asyncio.wait({self._finding}, timeout=ENOUGH_S)
        if not self._finding.done():
            return []
        hits = self._finding.result()
        new = [hit for hit in hits if (hit.name, hit.value) not in self._told]
        self._told |= {(hit.name, hit.value) for hit in new}
        return [_snapshot(hit, text) for hit in new]

    def _find(self, text: str) -> Sequence[TrackerHit]:
        """In a thread: so many phrases as a client may send take half a second to be made ready. What fails here costs no final text."""
        try:
            self._index = self._index or TrackerIndex(self._trackers, knows(self._language))
            return self._index.find(text)
        except Exception as error:
            logger.error("trackers could not be looked for in an interim text: %s", error_location(error))
            return ()


def _snapshot(hit: TrackerHit, text: str) -> TrackerSnapshot:
    return TrackerSnapshot(hit.id, hit.name, (TrackerMatchSnapshot(hit.value, (MessageReference("", text, hit.offset),)),))
