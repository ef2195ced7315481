"""Asynchronous generators that do not want to end: none harms the event loop, none is left in it."""

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from streaming.handlers import generators
from streaming.handlers.generators import GeneratorRun
from tests.streaming.sessions.lines import until


class Panic(BaseException):
    """What extensions raise that were written in Rust."""


@pytest.fixture
async def complaints() -> list[str]:
    """What reaches the event loop's handler of exceptions."""
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["message"]))
    return heard


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A generator has little time to end; behind the test none is being closed any more."""
    monkeypatch.setattr(generators, "CLOSE_S", 0.05)
    yield
    assert not generators._closing


async def close(function: Callable[[], AsyncIterator[Any]]) -> None:
    """Take an item of a generator, close it, and wait until the closing and the generator are gone."""
    items = function()
    gone = weakref.ref(items)
    run = GeneratorRun(lambda made: made, (items,))
    del items
    await run.next()
    run.close()
    await until(lambda: not generators._closing)
    del run
    gc.collect()
    await asyncio.sleep(0)  # the event loop would close what was only dropped, and complain of it
    gc.collect()
    assert gone() is None


async def cancelled_inside() -> None:
    """Await something that was cancelled."""
    inner = asyncio.create_task(asyncio.sleep(10))
    inner.cancel()
    await inner


@pytest.mark.parametrize("fault", [SystemExit, KeyboardInterrupt, Panic, asyncio.CancelledError, ValueError, RuntimeError, TimeoutError])
async def test_one_whose_clean_up_raises(fault: type[BaseException], complaints: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it is: it is logged by place, never by its text."""

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise fault("the secret words")

    with caplog.at_level(logging.DEBUG):
        await close(items)
    assert "did not end cleanly" in caplog.text
    assert "secret" not in caplog.text
    assert complaints == []


async def test_one_that_is_cancelled_from_inside(complaints: list[str]) -> None:
    """That is its own matter."""

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await cancelled_inside()

    await close(items)
    assert complaints == []


async def test_one_that_says_goodbye(complaints: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """It yields instead of ending, which nobody hears; it is asked once, not again and again, and collected with the other garbage."""
    asked = []

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        except GeneratorExit:
            asked.append(1)
            yield 2

    await close(items)
    assert asked == [1]
    assert "did not end cleanly" in caplog.text
    assert complaints == []


@pytest.mark.parametrize("ignores", [0, 1, 3])
async def test_one_that_hangs(ignores: int, complaints: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """It is cancelled, again where it goes on, and the installation's owner can read of it."""
    cancels: list[int] = []

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            while len(cancels) <= ignores:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancels.append(1)

    await close(items)
    assert len(cancels) == ignores + 1
    assert "did not end within" in caplog.text
    assert complaints == []


async def test_one_in_the_middle_of_a_step_that_was_cancelled(complaints: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clean-up takes a moment, and is waited for."""
    monkeypatch.setattr(generators, "CLOSE_S", 60.0)
    cleaned = []

    async def items() -> AsyncIterator[int]:
        yield 1
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    run = GeneratorRun(items, ())
    await run.next()
    step = asyncio.create_task(run.next())
    await asyncio.sleep(0)
    step.cancel()
    run.close()
    await asyncio.gather(step, return_exceptions=True)
    await until(lambda: not generators._closing)
    assert cleaned == [True]
    assert complaints == []


async def test_something_that_is_no_generator(complaints: list[str]) -> None:
    """An object with the methods of one is closed as one; without `aclose` there is nothing to do."""

    class Bare:
        def __aiter__(self) -> "Bare":
            return self

        async def __anext__(self) -> int:
            return 1

    class Failing(Bare):
        async def aclose(self) -> None:
            raise Panic

    for made in (Bare, Failing):
        await close(made)
    assert complaints == []
