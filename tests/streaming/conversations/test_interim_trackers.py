"""Trackers in interim text: made ready and searched outside the event loop (design law 4)."""

import asyncio
import logging
import threading

import pytest

from insights.analysis.trackers import Tracker, TrackerHit, TrackerIndex
from streaming.conversations import interim_trackers
from streaming.conversations.interim_trackers import InterimTrackers


async def test_thousands_of_phrases_do_not_stop_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is built once, in a thread, and not in that of the event loop."""
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
async def test_handlers_that_keep_asyncios_threads_busy_do_not_hide_trackers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trackers are found in threads of our own."""
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)
    assert len(await InterimTrackers((Tracker("Money", ("budget",)),)).find(1, "the budget")) == 1


async def test_finding_that_takes_long_is_left_to_later_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interim text goes out without its trackers; nothing is begun on top of what still runs, and nothing is lost for good."""
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


async def test_finding_that_fails_costs_no_text(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the place, and no word of what was said."""

    class Failing(TrackerIndex):
        def find(self, text: str) -> list[TrackerHit]:
            raise ValueError(text)

    monkeypatch.setattr(interim_trackers, "TrackerIndex", Failing)
    monkeypatch.setattr(interim_trackers, "ENOUGH_S", 60.0)
    with caplog.at_level(logging.ERROR):
        assert await InterimTrackers((Tracker("Money", ("budget",)),)).find(1, "the budget") == []
    assert "ValueError at" in caplog.text
    assert "budget" not in caplog.text
