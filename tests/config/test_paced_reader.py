"""The back-pressure below the application: slices, a frame rate, and pings behind unread data."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import websockets

from config.paced_reader import FRAME_BURST, FRAMES_AT_ONCE, FRAMES_PER_S, SLICE_BYTES, PacedReader, ReadControl
from tests.servers import ROOT, free_port

FRAME = 6

SERVER = """
import asyncio, sys, uvicorn
from config import uvicorn_websocket

uvicorn_websocket.install()


async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.sleep(8)
    got = 0
    while got < 500_000:
        got += len((await receive()).get("bytes") or b"x" * 1_000_000)
    await send({"type": "websocket.send", "text": str(got)})
    await receive()


uvicorn.run(application, port=int(sys.argv[1]), lifespan="off", ws_ping_interval=1, ws_ping_timeout=2)
"""


class Connection:
    """A simulated connection: a parser of frames of `FRAME` bytes, a transport, an application, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.parsed: list[int] = []
        self.paused = self.blocked = False
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.whole = 0
        pause, resume = lambda: self.pause(True), lambda: self.pause(False)
        control = ReadControl(self.parse, lambda: self.blocked, pause, resume, self.later, self.take)
        self.reader = PacedReader(control, lambda: self.now)

    def parse(self, data: bytes) -> int:
        """Parse."""
        self.parsed.append(len(data))
        return len(data) // FRAME

    def take(self, data: bytearray) -> int:
        """Take a frame, if there is a whole one."""
        self.whole -= (taken := self.whole > 0)
        return FRAME * taken

    def pause(self, paused: bool) -> None:
        """Pause or resume the transport."""
        self.paused = paused

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Schedule a call."""
        timer = (self.now + seconds, call)
        self.timers.append(timer)
        return lambda: self.timers.remove(timer)

    def tick(self, until: float) -> None:
        """Advance the clock."""
        while self.timers and self.timers[0][0] <= until:
            self.now, call = self.timers.pop(0)
            call()
        self.now = until


def test_small_frames_are_parsed_in_slices() -> None:
    """One callback parses one slice of small frames, and the transport is paused while there are more."""
    connection = Connection()
    connection.reader.feed(bytes(100 * SLICE_BYTES))
    assert connection.parsed == [SLICE_BYTES]
    assert SLICE_BYTES // FRAME > FRAMES_AT_ONCE
    assert connection.paused


def test_frames_have_a_rate() -> None:
    """A burst is parsed at once, then frames at the rate; after the last one the transport is resumed."""
    connection = Connection()
    frames = int(FRAME_BURST + 10 * FRAMES_PER_S)
    connection.reader.feed(bytes(frames * FRAME))
    connection.tick(5.0)
    parsed = sum(connection.parsed) / FRAME
    assert abs(parsed - (FRAME_BURST + 5 * FRAMES_PER_S)) <= SLICE_BYTES / FRAME
    assert connection.paused
    assert connection.reader.held_back(1.0)
    connection.tick(11.0)
    assert sum(connection.parsed) == frames * FRAME
    assert not connection.paused
    connection.tick(30.0)
    assert not connection.reader.held_back(1.0)


def test_a_blocked_application_stops_the_reading() -> None:
    """Nothing is parsed while the application is behind; large frames are parsed as soon as it is not."""
    connection = Connection()
    connection.blocked = True
    connection.reader.feed(bytes(10))
    assert connection.parsed == []
    assert connection.paused
    connection.blocked = False
    connection.reader.advance()
    assert connection.parsed == [10]
    assert not connection.paused


def test_whole_messages_are_not_parsed() -> None:
    """They are passed on, and count as frames; the parser gets what is no whole message."""
    connection = Connection()
    connection.whole = 2 * FRAMES_AT_ONCE
    connection.reader.feed(bytes(2 * FRAMES_AT_ONCE * FRAME + 3))
    assert connection.whole == FRAMES_AT_ONCE
    assert connection.parsed == []
    connection.tick(1.0)
    assert connection.whole == 0
    assert connection.parsed == [3]


def test_nothing_is_parsed_after_the_end() -> None:
    """A closed reader has no timer."""
    connection = Connection()
    connection.reader.feed(bytes(100 * SLICE_BYTES))
    connection.reader.close()
    connection.reader.feed(b"more")
    assert connection.timers == []
    assert len(connection.parsed) == 1


@pytest.fixture
def slow_port() -> Iterator[int]:
    """The port of a uvicorn whose application does not read for some seconds, and that pings every second."""
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    yield port
    process.kill()
    process.wait()


async def test_uvicorn_does_not_drop_a_client_whose_pong_waits(slow_port: int) -> None:
    """The server does not close a socket whose pong waits behind audio that it has not read yet."""
    async with asyncio.timeout(60):
        client = await _connected(slow_port)
        sending = asyncio.create_task(_send(client))
        assert await client.recv() == "500000"
        await sending
    client.transport.abort()


async def _connected(port: int) -> websockets.ClientConnection:
    while True:
        try:
            return await websockets.connect(f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)


async def _send(client: websockets.ClientConnection) -> None:
    for _ in range(50):
        await client.send(bytes(10_000))
