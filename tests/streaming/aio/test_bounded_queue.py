"""The bounded queue: it has a limit, can be closed, and has a policy at its limit."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.aio.bounded_queue import BoundedQueue, FullPolicy, QueueClosed


async def test_first_in_first_out() -> None:
    """Items come out in the order they went in."""
    box: BoundedQueue[int] = BoundedQueue(10)
    for number in range(3):
        assert box.put(number)
    assert [await box.get() for _ in range(3)] == [0, 1, 2]


async def test_refuses_when_full() -> None:
    """A full queue that refuses keeps its items."""
    box: BoundedQueue[str] = BoundedQueue(2)
    assert box.put("a")
    assert box.put("b")
    assert not box.put("c")
    assert await box.get() == "a"
    assert box.put("c")


async def test_drops_oldest_and_counts() -> None:
    """A queue that drops items counts them."""
    box: BoundedQueue[str] = BoundedQueue(2, FullPolicy.DROP_OLDEST)
    for letter in "abc":
        assert box.put(letter)
    assert box.dropped == 1
    assert await box.get() == "b"


async def test_a_heavy_item_enters_an_empty_queue() -> None:
    """A queue that is empty accepts an item of any weight."""
    box: BoundedQueue[bytes] = BoundedQueue(10)
    assert box.put(b"x" * 100, 100)
    assert not box.put(b"y", 1)


async def test_a_closed_queue_delivers_the_rest_then_ends() -> None:
    """A closed queue accepts no item and delivers those it has."""
    box: BoundedQueue[int] = BoundedQueue(5)
    box.put(1)
    box.close()
    assert not box.put(2)
    assert await box.get() == 1
    with pytest.raises(QueueClosed):
        await box.get()


async def test_a_discarding_close_drops_the_items() -> None:
    """A discarding close ends the reader at once."""
    box: BoundedQueue[int] = BoundedQueue(5)
    box.put(1)
    box.close(discard=True)
    with pytest.raises(QueueClosed):
        await box.get()


async def test_close_wakes_a_waiting_reader() -> None:
    """A close ends the wait of a reader."""
    box: BoundedQueue[int] = BoundedQueue(5)
    reader = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.close()
    with pytest.raises(QueueClosed):
        await reader


async def test_put_when_room_waits_for_the_reader() -> None:
    """A waiting writer continues as soon as an item was read."""
    box: BoundedQueue[int] = BoundedQueue(1)
    box.put(1)
    writer = asyncio.create_task(box.put_when_room(2))
    await asyncio.sleep(0)
    assert not writer.done()
    assert await box.get() == 1
    assert await writer
    assert await box.get() == 2


async def test_put_when_room_ends_with_the_queue() -> None:
    """A close ends the wait of a writer."""
    box: BoundedQueue[int] = BoundedQueue(1)
    box.put(1)
    writer = asyncio.create_task(box.put_when_room(2))
    await asyncio.sleep(0)
    box.close()
    assert not await writer


@given(st.lists(st.integers(min_value=1, max_value=50)), st.integers(min_value=1, max_value=100))
def test_weight_never_exceeds_the_limit_by_more_than_one_item(weights: list[int], limit: int) -> None:
    """Either the queue has one item, or the total weight is within the limit."""
    box: BoundedQueue[int] = BoundedQueue(limit)
    for weight in weights:
        box.put(weight, weight)
        assert box.weight <= limit or len(box) == 1
