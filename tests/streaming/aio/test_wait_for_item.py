"""Wait for the next item of a queue, with a time limit."""

import asyncio
import gc
import weakref

import pytest

from streaming.aio import wait_for_item as waiting
from streaming.aio.wait_for_item import wait_for_item

LONG_S = 60.0
"""Longer than any stall."""


@pytest.fixture(params=[True, False], ids=["shared timer", "own timer"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Select whether waits of all lengths share timers, or none do."""
    monkeypatch.setattr(waiting, "LONGEST_S", LONG_S if request.param else -1.0)
    return bool(request.param)


async def test_an_available_item_comes_at_once() -> None:
    """An available item starts no wait."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    queue.put_nowait(1)
    assert await wait_for_item(queue, 0.0) == 1
    assert asyncio.get_running_loop() not in waiting._waits


@pytest.mark.usefixtures("shared")
async def test_a_later_item_ends_the_wait() -> None:
    """The wait ends with the item."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    asyncio.get_running_loop().call_later(0.01, queue.put_nowait, 2)
    assert await wait_for_item(queue, LONG_S) == 2


@pytest.mark.usefixtures("shared")
async def test_none_at_the_time_limit() -> None:
    """Each wait ends at its own limit, not before; the task then continues."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[int]()

    async def waited(delay: float) -> float:
        await asyncio.sleep(delay)
        began = loop.time()
        assert await wait_for_item(queue, 0.1) is None
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return loop.time() - began

    async with asyncio.timeout(30):
        times = await asyncio.gather(*(waited(delay) for delay in (0.0, 0.03, 0.06)))
    assert min(times) >= 0.099
    assert not waiting._waits.get(loop)


@pytest.mark.usefixtures("shared")
async def test_a_cancellation_from_outside_is_raised() -> None:
    """A task that is cancelled during the wait is cancelled."""
    task = asyncio.create_task(wait_for_item(asyncio.Queue[int](), LONG_S))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_at_the_time_limit_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two cancellations in one iteration of the event loop, the timer's and another, the other one counts."""
    monkeypatch.setattr(waiting, "LONGEST_S", LONG_S)
    queue: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(wait_for_item(queue, LONG_S))
    await asyncio.sleep(0)
    (wait,) = waiting._waits[asyncio.get_running_loop()][LONG_S]
    assert wait.task is task
    wait.expired = True
    task.cancel()  # as the timer does
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_item_is_lost_at_the_end_of_a_wait() -> None:
    """Items that arrive at the time limits are all received, in order."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(200):
        loop.call_at(start + 0.005 * (number + 1), queue.put_nowait, number)
    got: list[int] = []
    async with asyncio.timeout(60):
        while len(got) < 200:
            item = await wait_for_item(queue, 0.005)
            if item is not None:
                got.append(item)
    assert got == list(range(200))


async def test_waits_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred tasks that get ten items each do not set a thousand timers."""
    monkeypatch.setattr(waiting, "LONGEST_S", LONG_S)
    loop = asyncio.get_running_loop()
    queues = [asyncio.Queue[int]() for _ in range(100)]
    timers = 0
    call_at = loop.call_at

    def counting(*args: object, **options: object) -> asyncio.TimerHandle:
        nonlocal timers
        timers += 1
        return call_at(*args, **options)  # type: ignore[arg-type]

    async def read(queue: asyncio.Queue[int]) -> list[int | None]:
        return [await wait_for_item(queue, LONG_S) for _ in range(10)]

    monkeypatch.setattr(loop, "call_at", counting)
    readers = [asyncio.create_task(read(queue)) for queue in queues]
    for number in range(10):
        await asyncio.sleep(0)
        for queue in queues:
            queue.put_nowait(number)
    found = await asyncio.gather(*readers)
    assert all(items == list(range(10)) for items in found)
    assert timers < 20


def test_closed_event_loops_are_released() -> None:
    """The waits of a closed event loop keep neither it nor its tasks."""

    async def waited() -> "weakref.ref[asyncio.AbstractEventLoop]":
        queue: asyncio.Queue[int] = asyncio.Queue()
        left = asyncio.create_task(wait_for_item(queue, 0.9))
        await asyncio.sleep(0)
        queue.put_nowait(1)
        await left
        tasks.append(asyncio.create_task(wait_for_item(queue, 0.9)))  # cancelled by the end of the loop
        await asyncio.sleep(0)
        return weakref.ref(asyncio.get_running_loop())

    tasks: list[asyncio.Task[int | None]] = []
    loop = asyncio.run(waited())
    tasks.clear()
    gc.collect()
    assert loop() is None
