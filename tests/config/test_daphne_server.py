"""Our Daphne server with a client whose application is slow (design law 3)."""

import asyncio
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import websockets

from config import daphne_server
from tests.config.test_uvicorn_websocket import MASK, connected, frame
from tests.servers import ROOT

SERVER = """
import asyncio, sys
from config import daphne_server


async def application(scope, receive, send):
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/refused":
        await receive()
        await send({"type": "websocket.send", "text": "why"})
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        return
    if scope["path"] == "/many":
        for number in range(400):
            await send({"type": "websocket.send", "text": f"{number} " + "x" * 20_000})
            if number % 100 == 99:
                await asyncio.sleep(0.1)
        await send({"type": "websocket.close"})
        return
    await asyncio.sleep(float(sys.argv[1]))
    got = 0
    while (message := await receive())["type"] == "websocket.receive":
        got += len(message["bytes"])
        if got == 500_000:
            await send({"type": "websocket.send", "text": "all"})
    print("got", got, flush=True)


async def drain():
    pass


def started(port):
    print(port, flush=True)


endpoints = ["tcp:port=0:interface=127.0.0.1"]
daphne_server.BoundedServer(application, drain=drain, started=started, endpoints=endpoints, ping_interval=0, ping_timeout=6).run()
"""


class Slow:
    """A server whose application does not read for `pause` seconds."""

    def __init__(self, pause: float) -> None:
        command = [sys.executable, "-c", SERVER, str(pause)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        self.port = int(self.line())

    def line(self) -> str:
        """Return the next line that the server prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    @property
    def peak_mb(self) -> float:
        """Return the peak memory of the server."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        raise AssertionError("no VmHWM")


@pytest.fixture
def slow() -> Iterator[Callable[..., Slow]]:
    """Start such servers, and stop them after the test."""
    made: list[Slow] = []

    def make(pause: float) -> Slow:
        made.append(Slow(pause))
        return made[-1]

    yield make
    for server in made:
        server.process.kill()
        server.process.communicate()


async def test_messages_keep_their_order_whether_the_socket_takes_them_at_once(slow: Callable[..., Slow]) -> None:
    """Those that its buffer has room for, those that it takes a part of, and those behind them arrive whole and in order."""
    async with websockets.connect(f"ws://127.0.0.1:{slow(0).port}/many", compression=None, max_queue=1) as socket:
        await asyncio.sleep(1)  # 8 MB do not fit in the buffers of the sockets
        got = [message async for message in socket]
    assert got == [f"{number} " + "x" * 20_000 for number in range(400)]


async def test_a_pong_behind_unread_audio_does_not_close(slow: Callable[..., Slow]) -> None:
    """The server does not close a socket whose pong waits behind audio that it has not read yet."""
    server = slow(9.0)  # longer than a ping, sent every two seconds, and its pong may take
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/", compression=None, ping_interval=None) as socket:
        sending = asyncio.create_task(_send(socket, 50))
        async with asyncio.timeout(60):
            assert await socket.recv() == "all"
        await sending


def test_there_is_one_ping_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A late but timely pong keeps the socket open, because no second ping is sent meanwhile."""
    pinged: list[daphne_server.BoundedProtocol] = []

    def ping(protocol: daphne_server.BoundedProtocol) -> None:
        protocol.autoPingTimeoutCall = object()
        pinged.append(protocol)

    monkeypatch.setattr(daphne_server.WebSocketProtocol, "_sendAutoPing", ping)
    protocol = daphne_server.BoundedProtocol()
    protocol.autoPingTimeoutCall = None
    for _ in range(2):
        protocol._sendAutoPing()
    assert len(pinged) == 1
    protocol.autoPingTimeoutCall = None  # as after its pong
    protocol._sendAutoPing()
    assert len(pinged) == 2


async def test_data_before_the_close_is_read_completely(slow: Callable[..., Slow]) -> None:
    """The application receives everything that a client sent before it disconnected."""
    server = slow(13.0)
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/", compression=None, ping_interval=None) as socket:
        await _send(socket, 20)
    try:
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(server.line) == "got 200000\n"
    finally:
        server.process.kill()  # so that the thread does not wait for a line that never comes


async def test_frames_in_any_pieces(slow: Callable[..., Slow]) -> None:
    """A piece that begins inside of a frame is no frame, also where its bytes look like one; a message in fragments stays one."""
    server = slow(0.0)
    inner = frame(bytes(5), 0x82)
    outer = frame(bytes(byte ^ MASK[at % 4] for at, byte in enumerate(inner)), 0x82)
    assert outer.endswith(inner)
    pieces = [
        frame(bytes(100), 0x82),
        outer[: -len(inner)],
        inner,
        frame(bytes(1000), 0x02),
        frame(bytes(1000), 0x80),
        frame(bytes(10_000), 0x82),
    ]
    reader, writer = await connected(server.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.1)  # so that each piece is a read of its own
        writer.close()
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(server.line) == f"got {100 + len(inner) + 2000 + 10_000}\n"
    finally:
        server.process.kill()  # so that the thread does not wait for a line that never comes


async def test_a_message_inside_of_another_is_refused(slow: Callable[..., Slow]) -> None:
    """A whole binary message between the fragments of another breaks the protocol: neither reaches the application."""
    server = slow(0.0)
    reader, writer = await connected(server.port)
    try:
        writer.write(frame(bytes(1000), 0x02))
        await asyncio.sleep(0.1)  # so that each frame is a read of its own
        writer.write(frame(bytes(100), 0x82))
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(server.line) == "got 0\n"
    finally:
        writer.close()
        server.process.kill()  # so that the thread does not wait for a line that never comes


async def test_a_refused_client_that_sends_reads_why(slow: Callable[..., Slow]) -> None:
    """A client that still sends when it is closed gets the error message and the close code, not a reset."""
    server = slow(0.0)
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/refused", compression=None, ping_interval=None) as socket:
        await _send(socket, 1)
        time.sleep(3.0)  # noqa: ASYNC251  # a client that has no CPU time, for longer than Autobahn's own limit
        await _send(socket, 100)
        async with asyncio.timeout(60):
            assert await socket.recv() == "why"
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
    assert (socket.close_code, socket.close_reason) == (1008, "refused")


async def _send(socket: websockets.ClientConnection, chunks: int) -> None:
    for _ in range(chunks):
        await socket.send(bytes(10_000))


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_without_end_does_not_fill_the_memory(slow: Callable[..., Slow], announced: bool) -> None:
    """A body of 60 MB, with and without a length, is refused and uses little memory."""
    server = slow(0.0)
    before = server.peak_mb
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    megabytes = (bytes(1_000_000) for _ in range(60))
    try:
        if announced:
            connection.request("POST", "/", body=megabytes, headers={"Content-Length": "60000000"})
        else:
            connection.request("POST", "/", body=megabytes, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        assert connection.getresponse().status == 413
    except ConnectionError:
        pass  # the server hung up while the client still sent
    finally:
        connection.close()
    assert server.peak_mb - before < 20


def test_an_ordinary_body_is_accepted(slow: Callable[..., Slow]) -> None:
    """A body of 3 MB is below the limit."""
    server = slow(0.0)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/", body=bytes(3_000_000))
    assert connection.getresponse().status == 204
    connection.close()
