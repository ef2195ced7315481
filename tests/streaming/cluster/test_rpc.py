"""Calls between processes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming.cluster import rpc as module
from streaming.cluster.rpc import Rpc
from streaming.cluster.runtime import runtime
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.lines import until

Board = Rpc


@pytest.fixture
async def boards() -> AsyncIterator[tuple[Board, Board]]:
    """The switchboards of two processes."""
    layers = processes(2)
    yield Rpc(layers[0]), Rpc(layers[1])
    for layer in layers:
        await layer.close()


async def doubled(body: dict[str, Any]) -> dict[str, Any]:
    """Answer with twice the number."""
    return {"n": 2 * body["n"]}


async def test_another_process_answers(boards: tuple[Board, Board]) -> None:
    """Whoever holds the address answers, whatever characters are in it and however large the numbers are."""
    one, two = boards
    address = "stream.ü \x00/" + "x" * 300
    await two.serve(address, doubled)
    assert await one.call(address, {"n": 10**30}, 60) == {"n": 2 * 10**30}
    await two.unserve(address)
    assert await one.call(address, {"n": 1}, 0.05) is None


async def test_the_own_process_answers_at_once(boards: tuple[Board, Board]) -> None:
    """An address of the same process needs no layer."""
    await boards[0].serve("a", doubled)
    assert await boards[0].call("a", {"n": 1}) == {"n": 2}
    assert await boards[0].call_others("a", {"n": 1}, 0.05) is None


async def test_nobody_answers(boards: tuple[Board, Board]) -> None:
    """An address that nobody holds costs the stated time; alone in the world it costs nothing."""
    assert await boards[0].call("nobody", {}, 0.05) is None
    assert not boards[0]._waiting
    async with asyncio.timeout(30):
        assert await runtime().rpc.call("nobody", {}, 3600) is None


async def test_many_calls_at_once(boards: tuple[Board, Board]) -> None:
    """Each call gets its own answer."""
    await boards[1].serve("a", doubled)
    answers = await asyncio.gather(*(boards[0].call("a", {"n": n}, 60) for n in range(200)))
    assert answers == [{"n": 2 * n} for n in range(200)]


async def test_a_failing_answerer_harms_nobody(boards: tuple[Board, Board], caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets no answer, the log gets the place and none of the words."""

    async def failing(body: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("secret words")

    await boards[1].serve("a", failing)
    with caplog.at_level(logging.ERROR):
        assert await boards[0].call("a", {}, 0.1) is None
        await until(lambda: "ValueError" in caplog.text)
    assert "secret" not in caplog.text


async def test_calls_are_bounded(boards: tuple[Board, Board], monkeypatch: pytest.MonkeyPatch) -> None:
    """More calls than can be answered at once stay without an answer, and are not kept."""
    monkeypatch.setattr(module, "MOST_CALLS", 3)
    gate, heard, called = asyncio.Event(), [], boards[1]._on_call
    monkeypatch.setattr(boards[1], "_on_call", lambda message: (heard.append(message), called(message)))

    async def slow(body: dict[str, Any]) -> dict[str, Any]:
        await gate.wait()
        return {}

    await boards[1].serve("a", slow)
    calls = [asyncio.create_task(boards[0].call("a", {}, 60)) for _ in range(10)]
    await until(lambda: len(heard) == 10)
    assert len(boards[1]._tasks) == 3
    gate.set()
    await until(lambda: sum(call.done() for call in calls) == 3)
    assert await boards[0].call("a", {}, 60) == {}, "what came behind them all is answered"
    assert sum(call.done() for call in calls) == 3
    for call in calls:
        call.cancel()


async def test_who_keeps_silent_is_not_there(boards: tuple[Board, Board]) -> None:
    """An answerer that returns None leaves the call to whoever holds the address elsewhere."""

    async def silent(body: dict[str, Any]) -> None:
        return None

    one, two = boards
    await one.serve("a", silent)
    assert await one.call("a", {"n": 1}, 0.05) is None
    assert await two.call("a", {"n": 1}, 0.05) is None
    await two.serve("a", doubled)
    assert await one.call("a", {"n": 1}, 60) == {"n": 2}
