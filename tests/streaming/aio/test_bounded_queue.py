"""The mailbox: bounded, closable, with a stated policy when full."""

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
    """A full mailbox that refuses keeps what it has."""
    box: BoundedQueue[str] = BoundedQueue(2)
    assert box.put("a")
    assert box.put("b")
    assert not box.put("c")
    assert await box.get() == "a"
    assert box.put("c")


async def test_drops_oldest_and_counts() -> None:
    """A mailbox that drops says how many it dropped."""
    box: BoundedQueue[str] = BoundedQueue(2, FullPolicy.DROP_OLDEST)
    for letter in "abc":
        assert box.put(letter)
    assert box.dropped == 1
    assert await box.get() == "b"


async def test_heavy_item_enters_an_empty_mailbox() -> None:
    """The limit bounds what waits: one item alone always fits."""
    box: BoundedQueue[bytes] = BoundedQueue(10)
    assert box.put(b"x" * 100, 100)
    assert not box.put(b"y", 1)


async def test_closed_mailbox_delivers_the_rest_then_says_so() -> None:
    """Close lets nothing in and everything out."""
    box: BoundedQueue[int] = BoundedQueue(5)
    box.put(1)
    box.close()
    assert not box.put(2)
    assert await box.get() == 1
    with pytest.raises(QueueClosed):
        await box.get()


async def test_discarding_close_drops_what_waits() -> None:
    """A discarding close ends the reader at once."""
    box: BoundedQueue[int] = BoundedQueue(5)
    box.put(1)
    box.close(discard=True)
    with pytest.raises(QueueClosed):
        await box.get()


async def test_close_wakes_a_waiting_reader() -> None:
    """A reader that waits when the mailbox closes does not wait for ever."""
    box: BoundedQueue[int] = BoundedQueue(5)
    reader = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.close()
    with pytest.raises(QueueClosed):
        await reader


async def test_put_when_room_waits_for_the_reader() -> None:
    """A writer that is willing to wait goes on as soon as something was read."""
    box: BoundedQueue[int] = BoundedQueue(1)
    box.put(1)
    writer = asyncio.create_task(box.put_when_room(2))
    await asyncio.sleep(0)
    assert not writer.done()
    assert await box.get() == 1
    assert await writer
    assert await box.get() == 2


async def test_put_when_room_ends_with_the_mailbox() -> None:
    """A waiting writer learns that nobody will read."""
    box: BoundedQueue[int] = BoundedQueue(1)
    box.put(1)
    writer = asyncio.create_task(box.put_when_room(2))
    await asyncio.sleep(0)
    box.close()
    assert not await writer


@given(st.lists(st.integers(min_value=1, max_value=50)), st.integers(min_value=1, max_value=100))
def test_weight_never_exceeds_the_limit_by_more_than_one_item(weights: list[int], limit: int) -> None:
    """Whatever is put, either one item is alone or the total is within the limit."""
    box: BoundedQueue[int] = BoundedQueue(limit)
    for weight in weights:
        box.put(weight, weight)
        assert box.weight <= limit or len(box) == 1
