"""A small client of streams over a WebSocket for tests: it does what a FastRTC page may do, and keeps every message in order."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import numpy as np
import websockets

from tests.servers import Server
from tests.streaming.transports.client import PATIENT, WAIT_S

Message = dict[str, Any]
FRAME = 160
"""Samples of 20 ms at 8 kHz."""


def frame(number: int, samples: int = FRAME) -> bytes:
    """Return mu-law bytes that differ for each number."""
    return bytes(np.random.default_rng(number).integers(0, 127, samples, dtype=np.uint8))


class StreamClient:
    """One socket; `messages` holds JSON except audio, `sound` the audio bytes, `arrivals` (time, bytes so far), `closed` the code."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.id = uuid4().hex
        self.messages: list[Message] = []
        self.sound = b""
        self.arrivals: list[tuple[float, int]] = []
        self.closed: int | None = None
        self._news = asyncio.Condition()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                async with self._news:
                    self._take(data)
                    self._news.notify_all()
        except websockets.ConnectionClosed:
            pass
        async with self._news:
            self.closed = self.socket.close_code or 1006
            self._news.notify_all()

    def _take(self, data: str | bytes) -> None:
        message = json.loads(data) if isinstance(data, str) else {}
        if isinstance(data, bytes) or message.get("event") == "media":
            self.sound += data if isinstance(data, bytes) else base64.b64decode(message["media"]["payload"])
            self.arrivals.append((asyncio.get_running_loop().time(), len(self.sound)))
        if isinstance(data, str) and (message.get("event") != "media" or "streamSid" in message):
            self.messages.append(message)

    async def until(self, found: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
        """Wait until a received message matches, or the socket is closed, and return it."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: found() or self.closed is not None)
        result = found()
        assert result, f"it did not come; closed {self.closed}; got {self.messages[-5:]} and {len(self.sound)} bytes"
        return result

    async def wait(self, **wanted: Any) -> Message:
        """Wait for a message that has these members, and return it."""
        return dict(await self.until(lambda: next((m for m in self.messages if wanted.items() <= m.items()), None)))

    async def wait_audio(self, count: int) -> bytes:
        """Wait for this many bytes of audio."""
        await self.until(lambda: len(self.sound) >= count)
        return self.sound

    async def wait_closed(self) -> int:
        """Wait until the server closes, and return the code."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    async def send(self, message: Any) -> None:
        """Send JSON, or text or bytes unchanged."""
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def start(self, **fields: Any) -> str:
        """Start, wait until the server answers a following ping, and return the id."""
        await self.send({"event": "start", "websocket_id": self.id} | fields)
        await self.ping()
        return self.id

    async def ping(self) -> None:
        """Send a ping and wait for its pong."""
        before = self.messages.count({"event": "pong"})
        await self.send({"event": "ping"})
        await self.until(lambda: self.messages.count({"event": "pong"}) > before)

    async def speak(self, payload: bytes) -> None:
        """Send mu-law audio."""
        await self.send({"event": "media", "media": {"payload": base64.b64encode(payload).decode()}})

    async def stop(self) -> None:
        """Stop, and wait until the server closes."""
        await self.send({"event": "stop"})
        assert await self.wait_closed() == 1000


@asynccontextmanager
async def streaming(
    server: Server, token: str, stream: str = "plain", path: str = "websocket/offer", query: str = "", **options: Any
) -> AsyncIterator[StreamClient]:
    """Open a socket of a stream (an empty name is the root's) with the token in a header, and close it at the end."""
    prefix = f"/streams/{stream}/" if stream else "/"
    headers = options.pop("additional_headers", {}) | ({"x-api-key": token} if token else {})
    url = server.url.replace("http", "ws") + prefix + path + query
    async with websockets.connect(url, additional_headers=headers, compression=None, max_size=None, **PATIENT | options) as socket:
        client = StreamClient(socket)
        try:
            yield client
        finally:
            await socket.close()
            await client.reader
