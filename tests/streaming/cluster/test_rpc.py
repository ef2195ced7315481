"""Calls between processes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from insights.snapshots import Payload
from streaming.cluster import rpc as module
from streaming.cluster.pubsub import PubSub
from streaming.cluster.rpc import Rpc
from streaming.cluster.runtime import runtime
from tests.streaming.cluster.layers import processes
from tests.streaming.sessions.connections import until


class Process:
    """One process."""

    def __init__(self, layer: PubSub, channel: str) -> None:
        self.layer = layer
        self.channel = channel
        self.rpc = Rpc(layer)

    async def call(self, other: "Process", body: Payload, timeout_s: float = 60.0, address: str = "a") -> Payload | None:
        """Call an address of another process."""
        return await self.rpc.call(other.channel, address, body, timeout_s)


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Process, Process]]:
    """Two processes."""
    layers = processes(2)
    one, two = [Process(layer, await layer.channel()) for layer in layers]
    yield one, two
    for layer in layers:
        await layer.close()


async def doubled(body: dict[str, Any]) -> dict[str, Any]:
    """Answer with twice the number."""
    return {"n": 2 * body["n"]}


async def test_another_process_answers(pair: tuple[Process, Process]) -> None:
    """Whoever has the address answers, whatever characters are in it and however large the numbers are."""
    one, two = pair
    address = "stream.ü \x00/" + "x" * 300
    two.rpc.register(address, doubled)
    assert await one.call(two, {"n": 10**30}, address=address) == {"n": 2 * 10**30}
    two.rpc.unregister(address)
    assert await one.call(two, {"n": 1}, 0.05, address) is None


async def test_a_call_reaches_one_process_only() -> None:
    """The one whose channel is named, though another one has registered the same address."""
    layers = processes(3)
    one, two, three = [Process(layer, await layer.channel()) for layer in layers]
    two.rpc.register("a", doubled)
    three.rpc.register("a", doubled)
    got: list[str] = []
    for process in (two, three):
        process.layer.listen("rpc.calls", lambda message, name=process.channel: got.append(name))
    assert await one.call(three, {"n": 1}, 0.05) is None
    assert got == [three.channel]
    for layer in layers:
        await layer.close()


async def test_the_own_process_answers_at_once(pair: tuple[Process, Process]) -> None:
    """An address of the same process needs no layer, nor a channel; its own channel is not called."""
    one, _ = pair
    one.rpc.register("a", doubled)
    assert await one.rpc.call("", "a", {"n": 1}) == {"n": 2}
    async with asyncio.timeout(30):
        assert await one.call(one, {}, 3600, "nobody") is None


async def test_the_own_process_has_no_more_time_than_another_one(pair: tuple[Process, Process]) -> None:
    """An answer that takes too long is none."""

    async def hanging(body: dict[str, Any]) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    one, _ = pair
    one.rpc.register("a", hanging)
    async with asyncio.timeout(30):
        assert await one.rpc.call("", "a", {}, 0.05) is None


async def test_an_answerer_that_limits_its_wait_has_its_own_time(pair: tuple[Process, Process]) -> None:
    """A call within the process then waits for it."""

    async def slow(body: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"n": body["n"]}

    one, _ = pair
    one.rpc.register("a", slow)
    assert await one.rpc.call("", "a", {"n": 1}, 0.01, self_limited=True) == {"n": 1}
    assert await one.rpc.call("", "a", {"n": 1}, 0.01) is None


async def test_nobody_answers(pair: tuple[Process, Process]) -> None:
    """An address that nobody has costs the stated time; without other processes, or without a channel, it costs nothing."""
    one, two = pair
    assert await one.call(two, {}, 0.05, "nobody") is None
    assert not one.rpc._waiting
    async with asyncio.timeout(30):
        assert await one.rpc.call("", "nobody", {}, 3600) is None
        assert await runtime().rpc.call("somewhere", "nobody", {}, 3600) is None


async def test_a_call_that_cannot_be_sent_fails_at_once(pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the answer to a call that the channel layer did not take."""
    one, two = pair

    async def away(*args: Any) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(one.layer._layer, "send", away)
    async with asyncio.timeout(30):
        assert await one.call(two, {}, 3600) is None
    assert not one.rpc._waiting


async def test_many_calls_at_once(pair: tuple[Process, Process]) -> None:
    """Each call gets its own answer."""
    one, two = pair
    two.rpc.register("a", doubled)
    answers = await asyncio.gather(*(one.call(two, {"n": n}) for n in range(200)))
    assert answers == [{"n": 2 * n} for n in range(200)]


async def test_a_failing_answerer_harms_nobody(pair: tuple[Process, Process], caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets no answer, the log gets the place and none of the words."""
    one, two = pair

    async def failing(body: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("secret words")

    two.rpc.register("a", failing)
    with caplog.at_level(logging.ERROR):
        assert await one.call(two, {}, 0.1) is None
        await until(lambda: "ValueError" in caplog.text)
    assert "secret" not in caplog.text


async def test_calls_are_bounded(pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    """More calls than can be answered at once stay without an answer, and are not kept."""
    one, two = pair
    monkeypatch.setattr(module, "MOST_CALLS", 3)
    gate, heard, called = asyncio.Event(), [], two.rpc._on_call
    two.layer.listen("rpc.calls", lambda message: (heard.append(message), called(message)))

    async def slow(body: dict[str, Any]) -> dict[str, Any]:
        await gate.wait()
        return {}

    two.rpc.register("a", slow)
    calls = [asyncio.create_task(one.call(two, {})) for _ in range(10)]
    await until(lambda: len(heard) == 10)
    assert len(two.rpc._tasks) == 3
    gate.set()
    await until(lambda: sum(call.done() for call in calls) == 3)
    assert await one.call(two, {}) == {}, "what came behind them all is answered"
    assert sum(call.done() for call in calls) == 3
    for call in calls:
        call.cancel()


async def test_who_gives_no_answer_is_not_there(pair: tuple[Process, Process]) -> None:
    """An answerer that returns None answers as if nobody had the address."""

    async def silent(body: dict[str, Any]) -> None:
        return None

    one, two = pair
    one.rpc.register("a", silent)
    two.rpc.register("b", silent)
    assert await one.rpc.call("", "a", {"n": 1}) is None
    assert await one.call(two, {"n": 1}, 0.05, "b") is None
