"""Tracker matches in interim results, for clients that asked for them (`config.trackers.interimResults`).

They are sent at once and not stored; when the turn is final, the trackers of its message are sent as stored events.
"""

import asyncio
import logging
from collections.abc import Sequence

from insights.analysis.text.supported_languages import knows
from insights.analysis.trackers import Tracker, TrackerHit, TrackerIndex
from insights.safe_log import error_location
from insights.snapshots import MessageReference, TrackerMatchSnapshot, TrackerSnapshot
from streaming.aio.executors import TRACKER_THREADS

logger = logging.getLogger(__name__)

ENOUGH_S = 0.2
"""Seconds that an interim result waits for its trackers."""


class InterimTrackers:
    """Finds each phrase of a turn once, while the turn is still in progress."""

    def __init__(self, trackers: tuple[Tracker, ...], language: str = "en-US") -> None:
        self._trackers = trackers
        self._language = language
        self._index: TrackerIndex | None = None
        self._turn = 0
        self._reported: set[tuple[str, str]] = set()
        self._search: asyncio.Future[Sequence[TrackerHit]] | None = None

    async def find(self, turn: int, text: str) -> list[TrackerSnapshot]:
        """Return the newly found trackers in the form of a stored event, but without a message id.

        A search that exceeds ENOUGH_S returns nothing; a later interim result, or the final one, reports its trackers.
        """
        if turn != self._turn:
            self._turn, self._reported = turn, set()
        if self._search is not None and not self._search.done():
            return []
        self._search = TRACKER_THREADS.run(self._find, text)
        await asyncio.wait({self._search}, timeout=ENOUGH_S)
        if not self._search.done():
            return []
        hits = self._search.result()
        new = [hit for hit in hits if (hit.name, hit.value) not in self._reported]
        self._reported |= {(hit.name, hit.value) for hit in new}
        return [_snapshot(hit, text) for hit in new]

    def _find(self, text: str) -> Sequence[TrackerHit]:
        """Search in a thread: building the index of the most phrases that a client may send takes 0.5 s. Errors are logged, not raised."""
        try:
            self._index = self._index or TrackerIndex(self._trackers, knows(self._language))
            return self._index.find(text)
        except Exception as error:
            logger.error("searching trackers in an interim result failed: %s", error_location(error))
            return ()


def _snapshot(hit: TrackerHit, text: str) -> TrackerSnapshot:
    return TrackerSnapshot(hit.id, hit.name, (TrackerMatchSnapshot(hit.value, (MessageReference("", text, hit.offset),)),))
