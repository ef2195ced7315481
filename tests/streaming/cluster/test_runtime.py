"""The runtime: one per event loop, and its parts use each other."""

import asyncio
import gc
from weakref import WeakSet

import pytest

from streaming.cluster.runtime import Runtime, runtime, use
from streaming.transports.webrtc.peer import Peers
from tests.streaming.cluster.layers import processes


async def test_one_per_event_loop() -> None:
    """Every call in one loop returns the same object; another loop has its own."""
    mine = runtime()
    assert runtime() is mine
    assert mine.part(Peers) is mine.part(Peers)

    async def other() -> Runtime:
        return runtime()

    assert await asyncio.to_thread(asyncio.run, other()) is not mine


def test_outside_of_an_event_loop() -> None:
    """There is none."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        runtime()


async def test_a_test_installs_its_own() -> None:
    """Its parts share the channel that it was given."""
    own = use(Runtime(processes(1)[0]))
    assert runtime() is own
    assert own.directory is not None
    assert {own.broadcaster._pubsub, own.waiting_room._pubsub, own.rpc._pubsub} == {own.pubsub}
    await own.close()


def test_runtimes_of_loops_that_ended_are_freed() -> None:
    """Code that runs an event loop for each call, as asyncio.run does, leaves none behind."""

    async def used() -> None:
        loops.add(asyncio.get_running_loop())
        await runtime().broadcaster.publish([])

    loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
    for _ in range(3):
        asyncio.run(used())
    gc.collect()
    assert len(loops) == 0


def test_runtimes_that_used_their_channel_are_freed() -> None:
    """Synchronous code that reaches a session of another process makes an event loop for each call; only the last one may stay."""

    async def used() -> None:
        loops.add(asyncio.get_running_loop())
        await runtime().pubsub.channel()

    loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
    for _ in range(5):
        asyncio.run(used())
    gc.collect()
    assert len(loops) <= 1
