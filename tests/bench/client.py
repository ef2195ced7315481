"""A Symbl client: sends speech in real time and records when results arrive."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import websockets

CHUNK_S = 0.1
CHUNK = 3_200
"""Bytes per 0.1 s: LINEAR16 at 16 kHz."""
_END_S = 120.0
_SAME_TURN_S = 0.2
"""Messages that come within it are those of one turn."""


@dataclass
class ReceivedResults:
    """Results of one speaker. Times are seconds after its first sample was due; `late` is how late each chunk was sent.

    `updates` are the texts of turns so far and final texts (True), as they are displayed. `corrections`: seconds from a message to its
    first other speaker, of messages that got one before the next message.
    """

    finals: list[tuple[float, str]] = field(default_factory=list)
    updates: list[tuple[float, str, bool]] = field(default_factory=list)
    corrections: list[float] = field(default_factory=list)
    interims: int = 0
    errors: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


def chunks(sound: bytes) -> Iterator[tuple[float, bytes]]:
    """Yield each chunk with the second at which its last sample was spoken."""
    for number, at in enumerate(range(0, len(sound), CHUNK), start=1):
        yield number * CHUNK_S, sound[at : at + CHUNK]


def stagger(number: int) -> float:
    """Return the start delay of speaker `number` in seconds, so that speakers are not in step."""
    return 0.37 * number % 1.0


class Speaker:
    """One speaking WebSocket. It connects and starts before `begin`, so that speech begins on time."""

    def __init__(self, url: str, token: str, connection_id: str = "", language: str = "en-US", *, several: bool = False) -> None:
        self._language, self._several = language, several
        self._said: set[str] = set()
        self._latest: dict[str, tuple[float, str]] = {}  # the messages of the last turn: when they came, and who spoke
        self.connection_id = connection_id or uuid4().hex
        self.conversation_id = ""
        self.heard = ReceivedResults()
        self._address = f"{url.replace('http', 'ws', 1)}/v1/streaming/{self.connection_id}"
        self._token = token
        self._listening = asyncio.Event()
        self._began = time.perf_counter()

    async def speak(self, sound: bytes, begin: float, *, speed: float = 1.0, settle_s: float = 2.0) -> ReceivedResults:
        """Send all audio from `begin` (perf_counter) on, wait, stop, and read until the server closes."""
        async with connect(self._address, self._token) as socket:
            reading = asyncio.create_task(self._read(socket))
            await self._start(socket)
            await asyncio.sleep(max(0.0, begin - time.perf_counter()))
            self._began = begin
            for due, chunk in chunks(sound):
                await asyncio.sleep(max(0.0, begin + due / speed - time.perf_counter()))
                self.heard.late.append(time.perf_counter() - begin - due / speed)
                await socket.send(chunk)
            await asyncio.sleep(settle_s)
            await socket.send('{"type": "stop_request"}')
            await self._until_closed(reading)
        return self.heard

    async def come_and_go(self) -> None:
        """Connect, start, send 0.3 s of silence, stop, and wait for the end."""
        async with connect(self._address, self._token) as socket:
            reading = asyncio.create_task(self._read(socket))
            await self._start(socket)
            for _ in range(3):
                await socket.send(bytes(CHUNK))
            await socket.send('{"type": "stop_request"}')
            await self._until_closed(reading)

    async def _start(self, socket: websockets.ClientConnection) -> None:
        start = {
            "type": "start_request",
            "insightTypes": ["question", "action_item", "follow_up"],
            "config": {
                "languageCode": self._language,
                "speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 16_000},
            },
            "enableSpeakerDiarization": self._several,
            "speaker": {"userId": f"{self.connection_id}@example.com", "name": "Bench"},
        }
        await socket.send(json.dumps(start))
        async with asyncio.timeout(_END_S):
            await self._listening.wait()

    async def _until_closed(self, reading: "asyncio.Task[None]") -> None:
        try:
            async with asyncio.timeout(_END_S):
                await reading
        except TimeoutError:
            self.heard.errors.append("not closed after stop_request")

    async def _read(self, socket: websockets.ClientConnection) -> None:
        async for text in socket:
            self._take(json.loads(text), time.perf_counter() - self._began)

    def _take(self, message: dict[str, Any], at: float) -> None:
        kind = message["type"]
        if kind == "message_response":
            for said in message["messages"]:
                self._take_message(said, at)
        elif kind == "message":
            inner = message["message"]
            if inner["type"] == "conversation_created":
                self.conversation_id = inner["data"]["conversationId"]
            elif inner["type"] == "started_listening":
                self._listening.set()
            elif inner["type"] == "recognition_result":
                self.heard.interims += not inner["isFinal"]
                self.heard.updates.append((at, inner["payload"]["raw"]["alternatives"][0]["transcript"], inner["isFinal"]))
        if "error" in (kind, message.get("message", {}).get("type") if isinstance(message.get("message"), dict) else ""):
            self.heard.errors.append(str(message.get("message"))[:200])

    def _take_message(self, said: dict[str, Any], at: float) -> None:
        """Take a message, or its correction."""
        since, speaker = self._latest.get(said["id"], (at, ""))
        if not speaker:
            if said["id"] in self._said:
                return
            self._said.add(said["id"])
            self.heard.finals.append((at, said["payload"]["content"]))
            self._latest = {one: known for one, known in self._latest.items() if at - known[0] < _SAME_TURN_S}
        elif speaker != said["from"]["id"]:
            self.heard.corrections.append(at - since)
        self._latest[said["id"]] = since, said["from"]["id"]


def connect(address: str, token: str) -> AbstractAsyncContextManager[websockets.ClientConnection]:
    """Open a WebSocket without compression: PCM audio hardly compresses."""
    return websockets.connect(address, additional_headers={"x-api-key": token}, compression=None, max_size=None, open_timeout=60)
