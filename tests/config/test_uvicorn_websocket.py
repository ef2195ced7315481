"""WebSocket frames in any pieces on uvicorn."""

import asyncio
import base64
import os
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.uvicorn_websocket import MAX_LENGTH, text_frame
from tests.servers import ROOT, free_port

MASK = b"\x11\x22\x33\x44"
SERVER = """
import sys, uvicorn
from config import uvicorn_websocket

uvicorn_websocket.install()


async def application(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or message["bytes"].hex()})


uvicorn.run(application, port=int(sys.argv[1]), lifespan="off", log_level="error", ws_per_message_deflate=False)
"""


def frame(text: str | bytes, first: int = 0x81) -> bytes:
    """Return a frame as a client sends it; `first` is its first byte: whether it is the last fragment, and its kind."""
    data = text.encode() if isinstance(text, str) else text
    length = bytes((0x80 | len(data),)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
    return bytes((first,)) + length + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(data))


@pytest.mark.parametrize("length", [0, 125, 126, MAX_LENGTH, MAX_LENGTH + 1])
def test_a_text_of_the_server(length: int) -> None:
    """The length is in one, two or eight bytes."""
    found = text_frame("x" * length)
    header = 2 if length < 126 else 4 if length <= MAX_LENGTH else 10
    assert found[0] == 0x81
    assert (len(found), found[header:]) == (header + length, b"x" * length)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that returns texts, and bytes in hexadecimal digits."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    yield port
    process.kill()
    process.wait()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection whose handshake is done."""
    async with asyncio.timeout(120):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.1)
        key = base64.b64encode(bytes(16)).decode()
        upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13"
        head = f"GET / HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def text_from(reader: asyncio.StreamReader) -> str:
    """Return the next short text."""
    async with asyncio.timeout(120):
        first, length = await reader.readexactly(2)
        assert first == 0x81
        return (await reader.readexactly(length)).decode()


async def test_frames_in_any_pieces(port: int) -> None:
    """A piece that begins inside of a frame is no frame, also where its bytes look like one."""
    reader, writer = await connected(port)
    inner = frame("inner")
    outer = frame(bytes(byte ^ MASK[at % 4] for at, byte in enumerate(inner)), 0x82)
    assert outer.endswith(inner)
    pieces = [
        frame("one"),
        outer[: -len(inner)],
        inner,
        frame("fra", 0x01),
        frame("gment", 0x80),
        frame("two") + frame("three"),
        frame("four"),
    ]
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.1)  # so that each piece is a read of its own
    found = [await text_from(reader) for _ in range(6)]
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(inner))
    assert found == ["one", masked.hex(), "fragment", "two", "three", "four"]
    writer.close()
