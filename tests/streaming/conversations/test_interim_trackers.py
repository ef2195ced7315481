"""Trackers in interim results: prepared and searched outside the event loop (design law 4)."""

import asyncio
import logging
import threading

import pytest

from insights.analysis.trackers import Tracker, TrackerHit, TrackerIndex
from streaming.conversations import interim_trackers
from streaming.conversations.interim_trackers import InterimTrackers


async def test_thousands_of_phrases_do_not_block_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is built once, in a thread other than the event loop's."""
    threads: list[int] = []

    def index(trackers: tuple[Tracker, ...], inflected: bool) -> TrackerIndex:
        threads.append(threading.get_ident())
        return TrackerIndex(trackers, inflected)

    monkeypatch.setattr(interim_trackers, "TrackerIndex", index)
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)  # on a busy machine
    trackers = InterimTrackers((Tracker("Money", ("budget",)),))
    first = await trackers.find(1, "the budget")
    assert [found.name for found in first] == ["Money"]
    assert await trackers.find(1, "the budget again") == []
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


@pytest.mark.usefixtures("busy_handlers")
async def test_busy_asyncio_threads_do_not_delay_trackers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trackers are searched in our own executor."""
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)
    assert len(await InterimTrackers((Tracker("Money", ("budget",)),)).find(1, "the budget")) == 1


async def test_a_slow_search_applies_to_later_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interim result is sent without its trackers; no second search starts beside a running one, and no match is lost."""
    go_on, begun = threading.Event(), []

    class Slow(TrackerIndex):
        def find(self, text: str) -> list[TrackerHit]:
            begun.append(text)
            assert go_on.wait(60)
            return super().find(text)

    monkeypatch.setattr(interim_trackers, "TrackerIndex", Slow)
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 0.05)
    trackers = InterimTrackers((Tracker("Money", ("budget",)),))
    try:
        async with asyncio.timeout(30):
            for text in ("the budget", "the budget is", "the budget is gone"):
                assert await trackers.find(1, text) == []
    finally:
        go_on.set()
    assert len(begun) <= 1
    assert trackers._search is not None
    await trackers._search
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)
    assert [found.name for found in await trackers.find(1, "the budget is gone now")] == ["Money"]


async def test_a_failed_search_loses_no_result(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the place, and no spoken word."""

    class Failing(TrackerIndex):
        def find(self, text: str) -> list[TrackerHit]:
            raise ValueError(text)

    monkeypatch.setattr(interim_trackers, "TrackerIndex", Failing)
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)
    with caplog.at_level(logging.ERROR):
        assert await InterimTrackers((Tracker("Money", ("budget",)),)).find(1, "the budget") == []
    assert "ValueError at" in caplog.text
    assert "budget" not in caplog.text
