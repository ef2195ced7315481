"""The poller: periodic duties that do not wait for each other."""

import asyncio
import logging

import pytest

from streaming.cluster.poller import Poller
from tests.streaming.sessions.connections import until


async def test_a_duty_runs_again_and_again() -> None:
    """Until the poller is closed; a second duty of the same name is ignored."""
    poller, runs, ignored = Poller(), [0], [0]

    async def work(counter: list[int]) -> None:
        counter[0] += 1

    poller.add("count", lambda: work(runs), 0.001)
    poller.add("count", lambda: work(ignored), 0.001)
    await until(lambda: runs[0] >= 3)
    assert "count" in poller
    await poller.close()
    seen = runs[0]
    await asyncio.sleep(0.02)
    assert (runs[0], ignored[0]) == (seen, 0)
    assert "count" not in poller


async def test_a_slow_duty_delays_no_other() -> None:
    """A duty that hangs is not started a second time; the others run. Closing cancels it."""
    poller, started, cancelled, runs = Poller(), [0], [0], [0]

    async def hang() -> None:
        started[0] += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled[0] += 1
            raise

    async def count() -> None:
        runs[0] += 1

    poller.add("hang", hang, 0.001, first_s=0.0)
    poller.add("count", count, 0.001)
    await until(lambda: started[0] == 1 and runs[0] >= 20)
    assert started[0] == 1
    await poller.close()
    assert cancelled[0] == 1


async def test_a_failure_is_logged_once_per_series(caplog: pytest.LogCaptureFixture) -> None:
    """It names the duty and the place, not the exception's text; the duty runs again."""
    poller, outcomes, runs = Poller(), [True, True, False, True, False], [0]

    async def work() -> None:
        runs[0] += 1
        if runs[0] <= len(outcomes) and outcomes[runs[0] - 1]:
            raise ValueError("a spoken word")

    with caplog.at_level(logging.WARNING):
        poller.add("frail work", work, 0.001)
        await until(lambda: runs[0] > len(outcomes))
        await poller.close()
    assert caplog.text.count("frail work failed (ValueError at test_poller.py") == 2
    assert "spoken" not in caplog.text
