"""The lag of an event loop."""

import asyncio
import threading

import pytest

from streaming.cluster.runtime import runtime
from streaming.transports import loop_lag as module
from streaming.transports.loop_lag import Lag


async def test_a_blocked_loop_has_a_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback that blocks the loop for 0.4 s is measured at the end of the block and after it."""
    monkeypatch.setattr(module, "TICK_S", 0.1)
    one = Lag()
    one.need()
    await asyncio.sleep(0.02)
    threading.Event().wait(0.4)
    assert one.stalled(asyncio.get_running_loop().time()) > 0.2
    await asyncio.sleep(0.15)
    assert 0.2 < one.stalled(asyncio.get_running_loop().time()) < 60
    assert one.stalled(asyncio.get_running_loop().time() + 30) > 20  # as measured before the late tick
    one.release()
    assert one.stalled(asyncio.get_running_loop().time() + 30) == 0


async def test_it_ticks_only_while_needed() -> None:
    """Without a session there is no timer."""
    one = runtime().part(Lag)
    assert one is runtime().part(Lag)
    one.need()
    one.need()
    one.release()
    assert one._timer is not None
    one.release()
    assert one._timer is None
