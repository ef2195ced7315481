"""Trackers in interim text: made ready and searched outside the event loop (design law 4)."""

import threading

import pytest

from insights.analysis.trackers import Tracker, TrackerIndex
from streaming import early
from streaming.early import EarlyTrackers


async def test_thousands_of_phrases_do_not_stop_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is built once, in a thread, and not in that of the event loop."""
    threads: list[int] = []

    def index(trackers: tuple[Tracker, ...], inflected: bool) -> TrackerIndex:
        threads.append(threading.get_ident())
        return TrackerIndex(trackers, inflected)

    monkeypatch.setattr(early, "TrackerIndex", index)
    trackers = EarlyTrackers((Tracker("Money", ("budget",)),))
    first = await trackers.find(1, "the budget")
    assert [found["name"] for found in first] == ["Money"]
    assert await trackers.find(1, "the budget again") == []
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
