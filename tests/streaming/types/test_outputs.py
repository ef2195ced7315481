"""Outputs: each one reaches each subscriber once, and a slow subscriber uses bounded memory."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.types.outputs import KEPT, AdditionalOutputs, OutputLog


async def read(log: OutputLog, after: int = 0) -> list[tuple[int, Any]]:
    """Return all outputs of a subscriber until the log is closed."""
    found = []
    while (following := await log.next_after(after)) is not None:
        after, outputs = following
        found.append((after, outputs.args[0]))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(min_value=-1, max_value=20), max_size=60), st.integers(min_value=0, max_value=10))
def test_every_output_reaches_every_subscriber_once(steps: list[int], late: int) -> None:
    """Each subscriber gets all outputs after its cursor, in order, once, whatever the order of appending, subscribing and pausing."""

    async def run() -> None:
        log = OutputLog()
        readers: list[tuple[int, asyncio.Task[list[tuple[int, Any]]]]] = []
        for step in steps:
            if step < 0:
                await asyncio.sleep(0)
            elif step <= late:
                cursor = min(step, log.last)
                readers.append((cursor, asyncio.create_task(read(log, cursor))))
            else:
                log.append(AdditionalOutputs(step))
        log.close()
        expected = await read(log)
        assert [number for number, _ in expected] == list(range(1, log.last + 1))
        for cursor, reader in readers:
            assert await reader == expected[cursor:]
        assert log.subscribers == 0

    asyncio.run(run())


async def test_eight_subscribers_get_every_output() -> None:
    """Subscribers take nothing from each other, and all get the same object."""
    log = OutputLog()
    readers = [asyncio.create_task(read(log)) for _ in range(8)]
    await asyncio.sleep(0)
    log.append(AdditionalOutputs("one"))
    log.close()
    assert [await reader for reader in readers] == [[(1, "one")]] * 8


async def test_a_slow_subscriber_misses_the_oldest_and_continues() -> None:
    """The log has a maximum length; a reader sees from the numbers what it missed."""
    log = OutputLog()
    for value in range(KEPT + 100):
        log.append(AdditionalOutputs(value))
    for before, number in ((1, 101), (101, 102)):
        following = await log.next_after(before)
        assert following is not None
        assert (following[0], following[1].args) == (number, (number - 1,))


@pytest.mark.parametrize("cursor", [5, -1])
async def test_a_cursor_of_another_session_counts_as_none(cursor: int) -> None:
    """A cursor beyond this session's outputs, from another session with the same id, starts at the beginning."""
    log = OutputLog()
    log.append(AdditionalOutputs("first"))
    log.close()
    assert await read(log, cursor) == [(1, "first")]


async def test_a_subscriber_that_stops_is_removed() -> None:
    """A subscriber that stops reading leaves no reference."""
    log = OutputLog()
    reader = asyncio.create_task(read(log))
    await asyncio.sleep(0)
    assert log.subscribers == 1
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert log.subscribers == 0


async def test_a_wait_with_a_limit() -> None:
    """It ends with the next output, with the end of the log, or in time, and leaves no reference."""
    log = OutputLog()
    assert await log.next_after(0, 0.01) is None
    waiting = asyncio.create_task(log.next_after(0, 3600))
    await asyncio.sleep(0)
    log.append(AdditionalOutputs("one"))
    following = await waiting
    assert following is not None
    assert (following[0], following[1].args) == (1, ("one",))
    waiting = asyncio.create_task(log.next_after(1, 3600))
    await asyncio.sleep(0)
    log.close()
    assert await waiting is None
    assert await log.next_after(1, 3600) is None
    assert log.subscribers == 0


async def test_the_latest() -> None:
    """The latest output is the newest one, and None before the first."""
    log = OutputLog()
    assert log.latest is None
    log.append(AdditionalOutputs(1, 2))
    assert log.latest is not None
    assert log.latest.args == (1, 2)


def test_a_second_copy() -> None:
    """It has what was changed since the first one; a released output keeps its copy."""
    given = [1]
    outputs = AdditionalOutputs(given)
    given.append(2)
    assert outputs.args == ([1],)
    outputs.copy_again()
    assert outputs.args == ([1, 2],)
    outputs.release()
    given.append(3)
    outputs.copy_again()
    assert outputs.args == ([1, 2],)
