"""A small Symbl client for tests: it sends valid and invalid messages, and keeps every received message in order."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import numpy as np
import websockets

from tests.servers import Server

RATE = 16_000
WAIT_S = 90.0
"""Only what never comes takes so long: waits end with their condition."""
PATIENT: dict[str, Any] = {"open_timeout": WAIT_S, "ping_interval": None}
"""For `websockets`: a busy or a sleeping server is no broken connection."""
Message = dict[str, Any]


def noise(seconds: float, rate: int = RATE) -> bytes:
    """Return LINEAR16 audio that the scripted recogniser treats as speech."""
    samples = np.random.default_rng(7).integers(-8000, 8000, int(seconds * rate), dtype=np.int16)
    return samples.astype("<i2").tobytes()


def is_kind(kind: str) -> Callable[[Message], bool]:
    """Match a top-level or an envelope message by its type."""
    return lambda message: kind == kind_of(message)


def kind_of(message: Message) -> str:
    """Return the type of a message, and of an envelope its inner type."""
    return str(message["message"]["type"] if message["type"] == "message" else message["type"])


class SymblClient:
    """One socket; `messages` holds every JSON message, `closed` the close code once the server closed."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.messages: list[Message] = []
        self.texts: list[str] = []
        self.closed: int | None = None
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                async with self._news:
                    self.texts.append(str(text))
                    if str(text).startswith("{"):
                        self.messages.append(json.loads(text))
                    self._news.notify_all()
        except websockets.ConnectionClosed:
            pass
        async with self._news:
            self.closed = self.socket.close_code or 1006
            self._news.notify_all()

    async def wait(self, wanted: str | Callable[[Message], bool], count: int = 1, *, seconds: float = WAIT_S) -> Message:
        """Wait until `count` messages match (by type, or by a function) and return the last of them."""
        matches = is_kind(wanted) if isinstance(wanted, str) else wanted

        def found() -> list[Message]:
            return [message for message in self.messages if matches(message)]

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(found()) >= count or self.closed is not None)
        assert len(found()) >= count, f"{wanted} did not come; closed {self.closed}; got {self.kinds()}"
        return found()[count - 1]

    async def wait_text(self, text: str) -> None:
        """Wait for a message that is not JSON."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: text in self.texts or self.closed is not None)
        assert text in self.texts

    async def wait_closed(self) -> int:
        """Wait until the server closes, and return the code."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    def kinds(self) -> list[str]:
        """Return the types of all messages, envelopes by their inner type."""
        return [kind_of(message) for message in self.messages]

    def of(self, kind: str) -> list[Message]:
        """Return the messages of one type."""
        return [message for message in self.messages if is_kind(kind)(message)]

    def said(self) -> list[str]:
        """Return the messages of all message_responses."""
        return [m["payload"]["content"] for response in self.of("message_response") for m in response["messages"]]

    async def send(self, message: Any) -> None:
        """Send JSON, or a text unchanged."""
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def start(self, name: str = "Jane", wait: bool = True, **fields: Any) -> str:
        """Send a start_request, wait for started_listening, and return the conversation id."""
        config = {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": RATE}, **fields.pop("config", {})}
        speaker = {"userId": f"{name.lower()}@example.com", "name": name}
        request = {"type": "start_request", "insightTypes": ["question", "action_item", "follow_up"], "config": config, "speaker": speaker}
        before = len(self.of("recognition_started"))
        await self.send(request | fields)
        if not wait:
            return ""
        started = await self.wait("recognition_started", before + 1)
        return str(started["message"]["data"]["conversationId"])

    async def speak(self, seconds: float) -> None:
        """Send audio in chunks of 100 ms, as fast as the server reads it."""
        sound = noise(seconds)
        for at in range(0, len(sound), 3200):
            await self.socket.send(sound[at : at + 3200])

    async def stop(self) -> None:
        """Send a stop_request and wait until the server closes."""
        await self.send({"type": "stop_request"})
        assert await self.wait_closed() == 1000


@asynccontextmanager
async def connected(
    server: Server, token: str, connection_id: str = "", path: str = "/v1/streaming/", query: str = "", **options: Any
) -> AsyncIterator[SymblClient]:
    """Open a socket with the token in a header (or without, when it is empty), and close it at the end."""
    url = server.url.replace("http", "ws") + path + quote(connection_id or uuid4().hex, safe="") + query
    headers = options.pop("additional_headers", {}) | ({"x-api-key": token} if token else {})
    async with websockets.connect(url, additional_headers=headers, compression=None, max_size=None, **PATIENT | options) as socket:
        client = SymblClient(socket)
        try:
            yield client
        finally:
            await socket.close()
            await client._reader
