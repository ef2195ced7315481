"""Runs of generators, of every kind that a developer may write."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from streaming.aio.worker_thread import WorkerThread
from streaming.handlers import generators
from streaming.handlers.generators import GeneratorRun
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.connections import handler_threads, until


def plain(*values: int) -> Iterator[int]:
    """Yield items."""
    yield from values


async def coroutines(*values: int) -> AsyncIterator[int]:
    """Yield items."""
    for value in values:
        yield value


class Callable_:
    """An object that yields when it is called."""

    def __call__(self, *values: int) -> Iterator[int]:
        """Yield items."""
        yield from values


async def coroutine(*values: int) -> Iterator[int]:
    """Return an iterable."""
    return iter(values)


def returns(*values: int) -> Iterator[int]:
    """Return an iterable."""
    return iter(values)


async def all_of(run: GeneratorRun) -> list[Any]:
    """Return the items of a run."""
    items = []
    while True:
        try:
            items.append(await run.next())
        except StopAsyncIteration:
            run.close()
            return items


@pytest.mark.parametrize("function", [plain, coroutines, Callable_(), coroutine, returns, partial(plain), partial(coroutines)])
async def test_every_kind(function: Callable[..., Any]) -> None:
    """Generators, asynchronous or not, objects, partials, and functions that return one all give their items."""
    assert await all_of(GeneratorRun(function, (1, 2, 3))) == [1, 2, 3]


async def test_functions_of_one_item() -> None:
    """A returned item is the only item; None gives no item."""
    assert await all_of(GeneratorRun(lambda value: (value, value), (1,))) == [(1, 1)]
    assert await all_of(GeneratorRun(lambda: None, ())) == []


async def test_an_exception_of_a_function() -> None:
    """`next` raises it, at the call and in the middle."""

    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    run = GeneratorRun(broken, ())
    assert await run.next() == 1
    with pytest.raises(KeyError):
        await run.next()
    run.close()
    bad_call = GeneratorRun(plain, ())
    bad_call._function = len
    with pytest.raises(TypeError):
        await bad_call.next()
    bad_call.close()


async def test_close_in_the_middle() -> None:
    """The clean-up of a generator runs, wherever it is, and its thread ends."""
    cleaned: list[str] = []
    entered, gate = threading.Event(), threading.Event()

    def blocking() -> Iterator[int]:
        try:
            yield 1
            entered.set()
            gate.wait(60)
            yield 2
        finally:
            cleaned.append("thread")

    async def waiting() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            cleaned.append("loop")

    for function in (blocking, waiting):
        run = GeneratorRun(function, ())
        assert await run.next() == 1
        step = asyncio.create_task(run.next())
        await (asyncio.to_thread(entered.wait, 30) if function is blocking else asyncio.sleep(0.01))
        step.cancel()
        run.close()
        run.close()
        gate.set()
        await until(lambda: len(cleaned) == (1 if function is blocking else 2))  # noqa: B023  # awaited right here
    assert cleaned == ["thread", "loop"]
    await until(lambda: not handler_threads())


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_what_is_appended_right_after_a_yield(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in an output before which the generator waits, and not in one that is followed by another item at once."""
    monkeypatch.setattr(generators, "COPY_AFTER_S", 5.0)
    gate, waiting = threading.Event(), asyncio.Event()
    said: list[str] = []

    def blocking() -> Iterator[Any]:
        yield AdditionalOutputs(said)
        said.append("user")
        yield AdditionalOutputs(said)
        said.append("model")
        gate.wait(60)
        yield "end"

    async def in_loop() -> AsyncIterator[Any]:
        yield AdditionalOutputs(said)
        said.append("user")
        yield AdditionalOutputs(said)
        said.append("model")
        await waiting.wait()
        yield "end"

    run = GeneratorRun(in_loop if asynchronous else blocking, ())
    assert (await run.next()).args == ([],)
    monkeypatch.setattr(generators, "COPY_AFTER_S", 0.3)
    assert (await run.next()).args == (["user", "model"],)
    gate.set()
    waiting.set()
    assert await run.next() == "end"
    with pytest.raises(StopAsyncIteration):
        await run.next()
    run.close()


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_close_behind_an_output(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that was begun ahead ends, with its clean-up."""
    monkeypatch.setattr(generators, "COPY_AFTER_S", 0.05)
    gate = threading.Event()
    cleaned: list[str] = []

    def blocking() -> Iterator[Any]:
        try:
            yield AdditionalOutputs(1)
            gate.wait(60)
            yield 2
        finally:
            cleaned.append("thread")

    async def in_loop() -> AsyncIterator[Any]:
        try:
            yield AdditionalOutputs(1)
            await asyncio.Event().wait()
        finally:
            cleaned.append("loop")

    run = GeneratorRun(in_loop if asynchronous else blocking, ())
    assert (await run.next()).args == (1,)
    run.close()
    gate.set()
    await until(lambda: bool(cleaned))
    await until(lambda: not handler_threads())


async def test_close_before_the_first_item() -> None:
    """The function is not called."""
    run = GeneratorRun(plain, (1,))
    run.close()
    with pytest.raises(RuntimeError, match="ended"):
        await run.next()


async def test_an_executor_runs_its_calls_in_order() -> None:
    """One thread runs the calls in order, in the caller's context; a closed executor takes no more calls."""
    worker_thread = WorkerThread("handler-test")
    seen: list[int] = []
    assert worker_thread.working is False
    await asyncio.gather(*(worker_thread.run(partial(seen.append, n)) for n in range(20)))
    assert seen == list(range(20))
    names = {await worker_thread.run(lambda: threading.current_thread().name) for _ in range(3)}
    assert names == {"handler-test"}
    worker_thread.finally_do(lambda: seen.append(99))
    await until(lambda: not handler_threads())
    assert seen[-1] == 99
    with pytest.raises(RuntimeError, match="ended"):
        await worker_thread.run(lambda: None)


async def test_a_handler_that_exits() -> None:
    """SystemExit ends neither the thread nor the server."""
    worker_thread = WorkerThread("handler-test")

    def leave() -> None:
        raise SystemExit(1)

    with pytest.raises(RuntimeError, match="SystemExit"):
        await worker_thread.run(leave)
    assert await worker_thread.run(lambda: 7) == 7
    worker_thread.close()


async def test_a_cancelled_caller_leaves_at_once() -> None:
    """The call runs to its end all the same."""
    worker_thread = WorkerThread("handler-test")
    gate, done = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(60)
        done.set()

    waiting = asyncio.create_task(worker_thread.run(work))
    await until(lambda: worker_thread.working)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.set()
    assert await asyncio.to_thread(done.wait, 30)
    worker_thread.close()


async def test_a_function_that_raises_stop_iteration() -> None:
    """StopIteration, which no coroutine can raise, becomes an error, so that the caller does not wait for ever."""

    def respond() -> Any:
        return next(iter(()))

    async with asyncio.timeout(30):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await GeneratorRun(respond, ()).next()
