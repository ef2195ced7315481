"""Audio to a stream's WebSocket keeps its order with messages, also when the client does not read or has disconnected."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from streaming.sessions import media_runner as media_module
from streaming.sessions.handler_runner import StreamSession
from streaming.sessions.media_runner import ParsedResult
from streaming.sessions.session import Session
from streaming.transports.fastrtc_socket import FastrtcConsumer
from streaming.types.outputs import AdditionalOutputs, CloseStream
from streaming.types.session_end import TEXTS
from tests.streaming.sessions.connections import RATE, Echo, handler_of, stream_of, until

BLOCK = RATE // 50


def block(number: int) -> tuple[int, Any]:
    """Return 20 ms of audio that encodes its number."""
    return RATE, np.full(BLOCK, number, dtype=np.int16)


class Socket:
    """A consumer and its client, who gets binary blocks and texts, and may stop reading or disconnect."""

    def __init__(self) -> None:
        self.arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.got: list[int | str] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = False
        self.waiting = 0

    @property
    def blocks(self) -> list[int]:
        """The numbers of the received blocks."""
        return [one for one in self.got if isinstance(one, int)]

    @property
    def texts(self) -> list[str]:
        """The received messages."""
        return [one for one in self.got if isinstance(one, str)]

    def at(self, part: str) -> int:
        """Return the index of the first text that contains this."""
        return next(place for place, one in enumerate(self.got) if isinstance(one, str) and part in one)

    async def send(self, message: Any) -> None:
        """Receive a message while the client reads."""
        if self.gone:
            raise ConnectionResetError
        self.waiting += 1
        try:
            await self.reads.wait()
        finally:
            self.waiting -= 1
        if "bytes" in message:
            self.got += set(np.frombuffer(message["bytes"], dtype="<i2").tolist())
        else:
            self.got.append(str(message.get("text")))


class Obeying(Echo):
    """Executes what is put into its queue, in the task that calls it."""

    async def emit(self) -> Any:
        """Wait for an item to return, or a call to make."""
        self.asked_in = asyncio.current_task()
        given = await self.queue.get()
        return await given(self) if callable(given) else given


Talk = Callable[..., Awaitable[tuple[Socket, StreamSession]]]


@pytest.fixture
async def talk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    """Open a session over a socket, and let its first block pass."""
    ends: list[tuple[Socket, asyncio.Task[None]]] = []

    async def begin(**fields: Any) -> tuple[Socket, StreamSession]:
        stream = stream_of(Obeying(), name="echo", public=True)
        monkeypatch.setattr("streaming.transports.stream_socket.find_stream", lambda name: stream)
        socket = Socket()
        scope = {"headers": [], "query_string": b"", "path": "/", "url_route": {"kwargs": {"name": "echo"}}}
        start = json.dumps({"event": "start", "websocket_id": "x", "format": "pcm16"} | fields)
        socket.arriving.put_nowait({"type": "websocket.connect"})
        socket.arriving.put_nowait({"type": "websocket.receive", "text": start})
        serving = asyncio.create_task(FastrtcConsumer()(scope, socket.arriving.get, socket.send))
        ends.append((socket, serving))
        await until(lambda: stream.sessions)
        session = stream.sessions["x"]
        assert isinstance(session, Session)
        await until(lambda: session._runner is not None and hasattr(session.runner.handler, "asked_in"))
        handler_of(session).queue.put_nowait(block(1))
        await until(lambda: socket.blocks == [1])
        return socket, session

    yield begin
    for socket, serving in ends:
        socket.reads.set()
        socket.arriving.put_nowait({"type": "websocket.disconnect"})
        await serving


async def test_long_audio_is_sent_in_blocks(talk: Talk) -> None:
    """Audio longer than a block is cut, and later items wait for its end."""
    socket, session = await talk()
    handler = handler_of(session)
    handler.queue.put_nowait((RATE, np.repeat(np.arange(2, 6, dtype=np.int16), BLOCK)))
    handler.queue.put_nowait(block(6))
    await until(lambda: len(socket.blocks) == 6)
    assert socket.blocks == [1, 2, 3, 4, 5, 6]


async def test_order_holds_while_a_client_does_not_read(talk: Talk) -> None:
    """While one block waits, others of the same session queue behind it in order."""
    socket, session = await talk()
    socket.reads.clear()
    handler_of(session).queue.put_nowait(block(2))
    await until(lambda: socket.waiting == 1)
    for number in (3, 4, 5):
        assert await session.runner.deliver(ParsedResult(pcm=block(number)[1], rate=RATE))
    await asyncio.sleep(0.05)
    assert socket.waiting == 1
    socket.reads.set()
    await until(lambda: len(socket.blocks) == 5)
    assert socket.blocks == [1, 2, 3, 4, 5]
    handler_of(session).queue.put_nowait(block(6))
    await until(lambda: socket.blocks[-1] == 6)


async def test_an_interruption_while_a_client_does_not_read(talk: Talk) -> None:
    """The block in transit is sent, then `clear`, then new audio."""
    socket, session = await talk()
    handler = handler_of(session)
    socket.reads.clear()
    handler.queue.put_nowait(block(2))
    await until(lambda: socket.waiting == 1)
    session.runner.interrupt()
    handler.queue.put_nowait(block(3))
    await until(handler.queue.empty)
    socket.reads.set()
    await until(lambda: socket.blocks[-1] == 3)
    assert socket.got[-3:] == [2, '{"event":"clear"}', 3]


async def test_audio_overtakes_no_message(talk: Talk) -> None:
    """Messages that a handler sends before audio arrive before it."""
    socket, session = await talk()

    async def clears(handler: Any) -> Any:
        handler.clear_queue()
        return block(2)

    async def captions(handler: Any) -> Any:
        await handler.send_message(json.dumps({"type": "caption"}))
        return block(3), AdditionalOutputs("three")

    for number, order in ((2, clears), (3, captions)):
        handler_of(session).queue.put_nowait(order)
        await until(lambda wanted=number: socket.blocks[-1] == wanted)  # type: ignore[misc]
    assert socket.at("clear") < socket.got.index(2) < socket.at("caption") < socket.at("fetch_output") < socket.got.index(3)


async def test_a_pause_of_the_audio(talk: Talk) -> None:
    """After a pause the audio continues where it stopped, at its own pace; a client has nothing to drop."""
    socket, session = await talk()
    session.runner.audio_output.pausable = True
    handler_of(session).queue.put_nowait((RATE, np.repeat(np.arange(2, 62, dtype=np.int16), BLOCK)))
    await until(lambda: 5 in socket.blocks)
    session.runner.pause_audio()
    await asyncio.sleep(0.2)
    paused = list(socket.got)
    await asyncio.sleep(0.3)
    assert socket.got == paused
    session.runner.resume_audio()
    await until(lambda: socket.blocks[-1] == 61)
    assert set(socket.blocks) >= set(range(1, 62))
    assert not [text for text in socket.texts if "clear" in text]


async def test_a_pause_for_a_client_that_pauses_its_playback(talk: Talk) -> None:
    """It is told to pause and to play on; it gets each sample once, without a block that fades out or begins softly."""
    socket, session = await talk(pauses=True)
    session.runner.audio_output.pausable = True
    handler_of(session).queue.put_nowait((RATE, np.repeat(np.arange(2, 62, dtype=np.int16), BLOCK)))
    await until(lambda: 5 in socket.blocks)
    session.runner.pause_audio()
    await until(lambda: '{"event":"pause"}' in socket.texts)
    session.runner.pause_audio()
    await asyncio.sleep(0.2)
    paused = list(socket.got)
    await asyncio.sleep(0.3)
    assert socket.got == paused
    session.runner.resume_audio()
    await until(lambda: socket.blocks[-1] == 61)
    assert socket.blocks == list(range(1, 62))
    assert [text for text in socket.texts if "event" in text] == ['{"event":"pause"}', '{"event":"resume"}']
    assert socket.got.index('{"event":"resume"}') == len(paused)


async def test_a_pause_when_all_audio_is_sent(talk: Talk) -> None:
    """The client holds the end of the reply: it plays until the client was told to play on, or the user interrupts."""
    socket, session = await talk(pauses=True)
    output = session.runner.audio_output
    output.pausable = True
    for number, event in ((2, "resume"), (3, "clear")):
        handler_of(session).queue.put_nowait((RATE, np.full(8 * BLOCK, number, dtype=np.int16)))
        await until(lambda number=number: socket.blocks.count(number) == 8)  # type: ignore[misc]
        session.runner.pause_audio()
        await asyncio.sleep(0.5)
        assert output.playing
        if event == "resume":
            session.runner.resume_audio()
        else:
            session.runner.interrupt()
        await until(lambda event=event: f'{{"event":"{event}"}}' in socket.texts)  # type: ignore[misc]
        await until(lambda: not output.playing)


@pytest.mark.parametrize("barges_in", [False, True])
async def test_a_stream_closes_though_its_client_does_not_read(talk: Talk, barges_in: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither queued audio nor an interruption delays a close by the handler."""
    monkeypatch.setattr(media_module, "LAST_AUDIO_S", 0.2)
    socket, session = await talk()
    socket.reads.clear()
    handler = handler_of(session)
    handler.queue.put_nowait(block(2))
    await until(lambda: socket.waiting == 1)
    handler.queue.put_nowait((block(3), CloseStream("enough")))
    await until(handler.queue.empty)
    if barges_in:
        session.runner.interrupt()
    async with asyncio.timeout(60):
        await session.ended.wait()


@pytest.mark.parametrize("end", ["stop", "gone", *TEXTS])
async def test_a_session_ends_though_its_client_does_not_read(talk: Talk, end: Any) -> None:
    """Each way to end a session works, and no task is left."""
    socket, session = await talk()
    socket.reads.clear()
    for number in (2, 3, 4):
        handler_of(session).queue.put_nowait(block(number))
    await until(lambda: socket.waiting == 1)
    if end == "stop":
        socket.arriving.put_nowait({"type": "websocket.receive", "text": '{"event":"stop"}'})
    elif end == "gone":
        socket.arriving.put_nowait({"type": "websocket.disconnect"})
    else:
        session.end_early(end)
    async with asyncio.timeout(60):
        await session.ended.wait()
    socket.reads.set()
    await until(lambda: not session._tasks)


@pytest.mark.parametrize("seed", range(3))
async def test_blocks_arrive_at_most_once_and_in_order(talk: Talk, seed: int) -> None:
    """Slow reads, interruptions and `clear` at random times do not break the order, and later audio arrives."""
    chance = random.Random(seed)
    socket, session = await talk()
    handler, last = handler_of(session), 1
    for _ in range(150):
        for _ in range(chance.randint(0, 4)):
            last += 1
            handler.queue.put_nowait(block(last))
        if chance.random() < 0.3:
            socket.reads.clear()
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
        if chance.random() < 0.5:
            session.runner.interrupt()
        elif chance.random() < 0.3:
            session.runner.clear_audio()
        socket.reads.set()
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
    handler.queue.put_nowait(block(last + 1))
    await until(lambda: socket.blocks[-1] == last + 1)
    assert socket.blocks == sorted(set(socket.blocks))


async def test_a_disconnected_client_is_no_error_of_the_handler(talk: Talk) -> None:
    """No error is reported, and the handler is called until the session ends."""
    socket, session = await talk()
    socket.gone = True
    for number in (2, 3, 4):
        handler_of(session).queue.put_nowait(block(number))
    await until(lambda: handler_of(session).queue.empty())
    await asyncio.sleep(0.05)
    assert not any('"error"' in text for text in socket.texts)
    assert session.runner.calls._reported == {}
