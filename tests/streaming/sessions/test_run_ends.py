"""Asynchronous generators that do not end when they are closed: none harms the event loop, none is left in it."""

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from streaming.handlers import generators
from streaming.handlers.generators import GeneratorRun
from tests.streaming.sessions.connections import until


class Panic(BaseException):
    """An exception as extensions written in Rust raise it."""


@pytest.fixture
async def loop_errors() -> list[str]:
    """The errors that reach the event loop's exception handler."""
    messages: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: messages.append(context["message"]))
    return messages


@pytest.fixture(autouse=True)
def _short_close_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A generator has little time to close; no generator is being closed after the test."""
    monkeypatch.setattr(generators, "CLOSE_S", 0.05)
    yield
    assert not generators._closing


async def close(function: Callable[[], AsyncIterator[Any]]) -> None:
    """Take an item of a generator, close it, and wait until the close and the generator have ended."""
    items = function()
    gone = weakref.ref(items)
    run = GeneratorRun(lambda made: made, (items,))
    del items
    await run.next()
    run.close()
    await until(lambda: not generators._closing)
    del run
    gc.collect()
    await asyncio.sleep(0)  # the event loop would close a generator that was only dropped, and report an error
    gc.collect()
    assert gone() is None


async def cancelled_inside() -> None:
    """Await a cancelled future."""
    inner = asyncio.create_task(asyncio.sleep(10))
    inner.cancel()
    await inner


@pytest.mark.parametrize("fault", [SystemExit, KeyboardInterrupt, Panic, asyncio.CancelledError, ValueError, RuntimeError, TimeoutError])
async def test_a_generator_whose_clean_up_raises(
    fault: type[BaseException], loop_errors: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the place of any exception, never its text."""

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise fault("the secret words")

    with caplog.at_level(logging.DEBUG):
        await close(items)
    assert "did not end cleanly" in caplog.text
    assert "secret" not in caplog.text
    assert loop_errors == []


async def test_a_generator_that_is_cancelled_from_inside(loop_errors: list[str]) -> None:
    """A cancellation from inside a generator ends that generator only."""

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await cancelled_inside()

    await close(items)
    assert loop_errors == []


async def test_a_generator_that_yields_during_close(loop_errors: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """The yielded item is ignored; the generator is closed once and then garbage-collected."""
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
    assert loop_errors == []


@pytest.mark.parametrize("ignores", [0, 1, 3])
async def test_a_generator_that_hangs_during_close(ignores: int, loop_errors: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """It is cancelled, again where it continues, and the log reports it."""
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
    assert loop_errors == []


async def test_a_generator_whose_step_was_cancelled(loop_errors: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The close waits for the clean-up of the cancelled step."""
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
    assert loop_errors == []


async def test_an_async_iterator_that_is_no_generator(loop_errors: list[str]) -> None:
    """An object with `aclose` is closed like a generator; without `aclose` there is nothing to close."""

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
    assert loop_errors == []
