"""One server with the manual's streams, and clients with recorded speech."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets import ConnectionClosed

from streaming.audio import mulaw
from streaming.audio.rates import Converter
from tests import servers, speech
from tests.servers import Server
from tests.streaming.transports.rtc import Caller, nothing_is_left, to, until
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import StreamClient, streaming

SITE = {"DJANGO_SETTINGS_MODULE": "tests.streaming.manual.settings", "RECOGNISER": "moonshine"}
Say = Callable[[np.ndarray], Awaitable[None]]


@pytest.fixture(scope="package")
def manual(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a recogniser."""
    data = servers.copied(migrated_data, tmp_path_factory.mktemp("manual") / "data")
    server = Server(data, SITE)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="package")
def beside(manual: Server) -> Iterator[Server]:
    """A second process of the same installation, which has none of the sessions."""
    server = Server(manual.data, SITE | {"RECOGNISER": "scripted"})
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="package")
def token(manual: Server) -> str:
    """An access token."""
    return manual.token()


class ManualClient:
    """A client of one stream over either transport: it sends speech, and keeps what it receives.

    `say` sends int16 at 48 kHz; `rate` is that of the received audio; `hook` is the address of the input hook.
    """

    def __init__(self, client: Caller | StreamClient, events: Events, rate: int, say: Say, hook: str, token: str) -> None:
        self.transport_client = client
        self.id = client.id
        self.rate = rate
        self.say = say
        self._events = events
        self._hook = hook
        self._token = token

    async def post_inputs(self, **inputs: Any) -> None:
        """Post inputs, as pages do."""
        async with httpx.AsyncClient(headers={"x-api-key": self._token}, timeout=60) as client:
            answer = await client.post(self._hook, json={"webrtc_id": self.id, **inputs})
        assert answer.status_code == 200, answer.text

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages so far, except the answers to pings."""
        return [message for message in self.transport_client.messages if "type" in message]

    @property
    def received_audio(self) -> np.ndarray:
        """All received audio so far, int16."""
        if isinstance(self.transport_client, Caller):
            return self.transport_client.sound
        return mulaw.decode(self.transport_client.sound)

    def of(self, kind: str) -> list[Any]:
        """Return the data of all messages of a type."""
        return [message.get("data") for message in self.messages if message["type"] == kind]

    @property
    def outputs(self) -> list[Any]:
        """The server-sent events so far, with texts unchanged."""
        return [plain(event.data) for event in self._events.events]

    async def until(self, found: Callable[[], object], what: str) -> None:
        """Wait until a condition holds."""
        await until(lambda: bool(found()), f"{what}; messages {self.messages[-6:]}; outputs {self.outputs[-3:]}", 120.0)

    @property
    def loud_seconds(self) -> float:
        """The duration of the received audio that is not silent."""
        size = self.rate // 50
        pieces = self.received_audio[: len(self.received_audio) // size * size].reshape(-1, size)
        return float((np.abs(pieces).max(axis=1) > 1500).sum() / 50) if len(pieces) else 0.0

    async def receives_tone(self, hz: float) -> None:
        """Wait for a tone of a quarter second somewhere in the audio."""
        await self.until(lambda: any(abs(one - hz) < 15 for one in pitches(self.received_audio, self.rate)), f"{hz} Hz was not heard")


def plain(data: str) -> Any:
    """Return the value of JSON, and any other text unchanged."""
    try:
        return json.loads(data)
    except ValueError:
        return data


def pitches(samples: np.ndarray, rate: int) -> list[float]:
    """Return the loudest frequency of each eighth of a second that is not silent."""
    size = rate // 8
    pieces = [samples[at : at + size].astype(np.float32) for at in range(0, len(samples) - size + 1, size)]
    return [float(np.abs(np.fft.rfft(piece)).argmax() * rate / size) for piece in pieces if np.abs(piece).max() > 1500]


@asynccontextmanager
async def webrtc(
    server: Server, token: str, stream: str, audio: str = "sendrecv", video: str = "", other: Server | None = None
) -> AsyncIterator[ManualClient]:
    """Open a stream over WebRTC, with silence until audio is sent. Inputs and outputs go through another process, where one is given."""
    at = other or server
    async with to(server, token, f"/streams/{stream}/webrtc/offer") as post:
        caller = await Caller(post, audio, video, microphone=0).call()
        async with subscribed(at, token, stream, caller.id, "outputs") as events:
            yield ManualClient(caller, events, 48_000, caller.microphone.say, f"{at.url}/streams/{stream}/input_hook", token)
        await caller.close()
    await nothing_is_left()


@asynccontextmanager
async def websocket(
    server: Server, token: str, stream: str, rate: int = 24_000, other: Server | None = None
) -> AsyncIterator[ManualClient]:
    """Open a stream over a socket, with mu-law faster than real time. For `other` see `webrtc`."""
    at = other or server
    async with streaming(server, token, stream) as client:
        await client.start(sample_rate=rate)

        async def say(samples: np.ndarray) -> None:
            converter = Converter(rate)
            samples = np.concatenate((converter.push(samples, 48_000), converter.flush()))
            with suppress(ConnectionClosed):  # a handler may close the session before all audio was sent
                for at in range(0, len(samples), rate // 50):
                    await client.speak(mulaw.encode(samples[at : at + rate // 50]))
                    await asyncio.sleep(0.005)

        async with subscribed(at, token, stream, client.id, "outputs") as events:
            yield ManualClient(client, events, rate, say, f"{at.url}/streams/{stream}/input_hook", token)


CALLS = {"webrtc": webrtc, "websocket": websocket}


@pytest.fixture(params=list(CALLS))
def call(request: pytest.FixtureRequest, manual: Server, token: str) -> Callable[..., Any]:
    """Use as `async with call(stream) as client`: over WebRTC, then over a WebSocket."""
    return lambda stream: CALLS[request.param](manual, token, stream)


def recording(name: str) -> np.ndarray:
    """Return a recording with a pause after it."""
    return speech.clip(name, 0.2, 0.8)
