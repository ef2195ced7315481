"""A block that nothing is ahead of leaves in the task that made it: in order with all others, and nobody suffers when it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from streaming.engine.items import Item
from streaming.engine.participant import Participant
from streaming.transports.fastrtc import FastrtcConsumer
from tests.streaming.engine.lines import RATE, Echo, handler_of, stream_of, until

BLOCK = RATE // 50


def block(number: int) -> tuple[int, Any]:
    """Return 20 ms of sound that tell their number."""
    return RATE, np.full(BLOCK, number, dtype=np.int16)


class Socket:
    """A consumer and its client, who gets binary blocks, and may stop reading or go away."""

    def __init__(self) -> None:
        self.arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.blocks: list[int] = []
        self.texts: list[str] = []
        self.tasks: list[Any] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = False
        self.waiting = 0

    async def send(self, message: Any) -> None:
        """Take a message, when the client reads."""
        if "bytes" not in message:
            self.texts.append(str(message.get("text")))
            return
        if self.gone:
            raise ConnectionResetError
        self.waiting += 1
        try:
            await self.reads.wait()
        finally:
            self.waiting -= 1
        self.tasks.append(asyncio.current_task())
        self.blocks += set(np.frombuffer(message["bytes"], dtype="<i2").tolist())


class Tasked(Echo):
    """Knows the task in which it is asked."""

    async def emit(self) -> Any:
        """Wait for something."""
        self.asked_in = asyncio.current_task()
        return await self.queue.get()


Talk = Callable[[], Awaitable[tuple[Socket, Participant]]]


@pytest.fixture
async def talk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    """Open a session over a socket, and let its first block through: that one goes the long way."""
    ends: list[tuple[Socket, asyncio.Task[None]]] = []

    async def begin() -> tuple[Socket, Participant]:
        stream = stream_of(Tasked(), name="echo", public=True)
        monkeypatch.setattr("streaming.transports.stream_socket.find_stream", lambda name: stream)
        socket = Socket()
        scope = {"headers": [], "query_string": b"", "path": "/", "url_route": {"kwargs": {"name": "echo"}}}
        start = json.dumps({"event": "start", "websocket_id": "x", "format": "pcm16"})
        socket.arriving.put_nowait({"type": "websocket.connect"})
        socket.arriving.put_nowait({"type": "websocket.receive", "text": start})
        serving = asyncio.create_task(FastrtcConsumer(scope, socket.arriving.get, socket.send).serve())
        ends.append((socket, serving))
        await until(lambda: stream.participants)
        participant = stream.participants["x"]
        assert isinstance(participant, Participant)
        await until(lambda: hasattr(participant.handler, "asked_in"))
        handler_of(participant).queue.put_nowait(block(1))
        await until(lambda: socket.blocks == [1] and participant._playback._waiting.awaited)
        return socket, participant

    yield begin
    for socket, serving in ends:
        socket.reads.set()
        socket.arriving.put_nowait({"type": "websocket.disconnect"})
        await serving


async def test_a_block_leaves_in_the_task_of_who_made_it(talk: Talk) -> None:
    """All but the first; no other task is woken."""
    socket, participant = await talk()
    handler = handler_of(participant)
    for number in (2, 3):
        handler.queue.put_nowait(block(number))
        await until(lambda wanted=number: socket.blocks[-1] == wanted)  # type: ignore[misc]
    assert [task is handler.asked_in for task in socket.tasks] == [False, True, True]


async def test_a_long_item_goes_in_blocks(talk: Talk) -> None:
    """What is longer than a block is cut, and what comes behind it waits for its end."""
    socket, participant = await talk()
    handler = handler_of(participant)
    handler.queue.put_nowait((RATE, np.repeat(np.arange(2, 6, dtype=np.int16), BLOCK)))
    handler.queue.put_nowait(block(6))
    await until(lambda: len(socket.blocks) == 6)
    assert socket.blocks == [1, 2, 3, 4, 5, 6]


async def test_order_holds_while_a_client_does_not_read(talk: Talk) -> None:
    """While one block waits to be taken, others of the same session line up behind it, whoever makes them."""
    socket, participant = await talk()
    socket.reads.clear()
    handler_of(participant).queue.put_nowait(block(2))
    await until(lambda: socket.waiting == 1)
    for number in (3, 4, 5):
        assert await participant.deliver(Item(pcm=block(number)[1], rate=RATE))
    await asyncio.sleep(0.05)
    assert socket.waiting == 1
    socket.reads.set()
    await until(lambda: len(socket.blocks) == 5)
    assert socket.blocks == [1, 2, 3, 4, 5]
    handler_of(participant).queue.put_nowait(block(6))
    await until(lambda: socket.blocks[-1] == 6)


async def test_an_interruption_while_a_client_does_not_read(talk: Talk) -> None:
    """What was being sent is forgotten; what comes after it goes out."""
    socket, participant = await talk()
    socket.reads.clear()
    handler_of(participant).queue.put_nowait(block(2))
    await until(lambda: socket.waiting == 1)
    participant.interrupt()
    await until(lambda: socket.waiting == 0)
    socket.reads.set()
    for number in (3, 4):
        handler_of(participant).queue.put_nowait(block(number))
        await until(lambda wanted=number: socket.blocks[-1] == wanted)  # type: ignore[misc]
    assert socket.blocks == [1, 3, 4]


async def test_a_client_that_went_away_is_no_failure_of_the_handler(talk: Talk) -> None:
    """Nothing is reported, and the handler is asked on until the session ends."""
    socket, participant = await talk()
    socket.gone = True
    for number in (2, 3, 4):
        handler_of(participant).queue.put_nowait(block(number))
    await until(lambda: handler_of(participant).queue.empty())
    await asyncio.sleep(0.05)
    assert not any('"error"' in text for text in socket.texts)
    assert participant.calls._told == {}
