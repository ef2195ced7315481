"""A small WebRTC client for tests, made with aiortc: microphone, camera, data channel, and received tracks."""

import asyncio
import fractions
import gc
import io
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import aioice.ice
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.protocols.fastrtc import BodyError
from streaming.transports.webrtc import offers
from streaming.transports.webrtc.peer import Peers
from tests.servers import Server

RATE = 48_000
WAIT_S = 90.0
Post = Callable[[dict[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]


class Microphone(MediaStreamTrack):
    """A tone in real time; `hz` 0 is silence. It can be changed and stopped while it runs. `say` replaces it by recorded speech."""

    kind = "audio"

    def __init__(self, hz: float = 440.0) -> None:
        super().__init__()
        self.hz = hz
        self._saying = np.zeros(0, np.int16)
        self.muffled = False
        """No packets at all, as when a phone is put away."""
        self._count = 0
        self._began = time.monotonic()

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms."""
        await asyncio.sleep(max(0.0, self._began + self._count * 0.02 - time.monotonic()))
        while self.muffled:
            await asyncio.sleep(0.02)
            self._count += 1
        place = self._count * 960
        frame = AudioFrame.from_ndarray(self._wave(place).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, place, fractions.Fraction(1, RATE)
        self._count += 1
        return frame

    async def say(self, samples: np.ndarray) -> None:
        """Send this audio, int16 at 48 kHz, and return when it was sent."""
        self._saying = samples
        await until(lambda: not len(self._saying), "the microphone was not listened to", WAIT_S + len(samples) / RATE)

    def _wave(self, place: int) -> np.ndarray:
        if len(self._saying):
            said, self._saying = self._saying[:960], self._saying[960:]
            return np.pad(said, (0, 960 - len(said)))
        wave: np.ndarray = 10_000 * np.sin(2 * np.pi * self.hz * (np.arange(960) + place) / RATE)
        return wave.astype(np.int16)


class Camera(MediaStreamTrack):
    """Video frames of one colour (blue, green, red), 15 per second."""

    kind = "video"

    def __init__(self, colour: tuple[int, int, int] = (200, 40, 40)) -> None:
        super().__init__()
        self.colour = colour
        self._count = 0

    async def recv(self) -> VideoFrame:
        """Return the next video frame."""
        await asyncio.sleep(1 / 15)
        frame = VideoFrame.from_ndarray(np.full((96, 128, 3), self.colour, np.uint8), format="bgr24")
        frame.pts, frame.time_base = self._count * 6000, fractions.Fraction(1, 90_000)
        self._count += 1
        return frame


class Caller:
    """One client of a stream. `sound` is all received audio, 48 kHz mono; `pictures` the last received video frames."""

    configuration = RTCConfiguration(iceServers=[])

    def __init__(
        self,
        post: Post,
        audio: str = "",
        video: str = "",
        *,
        channel: bool = True,
        webrtc_id: str = "",
        microphone: float = 440.0,
        resume: bool | str | None = None,
    ) -> None:
        self.id = webrtc_id or uuid4().hex
        self.resume = resume
        """What the next offer says: whether it asks for a resume value, or the value; None: nothing, as FastRTC's clients."""
        self.messages: list[dict[str, Any]] = []
        self.message_types: set[type] = set()
        """Types in which messages came on the data channel."""
        self.pictures: list[np.ndarray] = []
        self.blocks: list[np.ndarray] = []
        self.arrivals: list[float] = []
        self.microphone = Microphone(microphone)
        self.camera = Camera()
        self.pc = RTCPeerConnection(self.configuration)
        self._post = post
        self._tasks: list[asyncio.Task[None]] = []
        for direction, track in ((audio, self.microphone), (video, self.camera)):
            if direction:
                self.pc.addTransceiver(track if direction != "recvonly" else track.kind, direction=direction)
        if channel:
            self.channel = self.pc.createDataChannel("text")
            self.channel.on("message", self._keep)
        self.pc.on("track", lambda track: self._tasks.append(asyncio.create_task(self._take(track))))

    def _keep(self, message: str | bytes) -> None:
        self.message_types.add(type(message))
        self.messages.append(json.loads(message))

    async def offer(self) -> dict[str, Any]:
        """Return the body of the offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        resume = {} if self.resume is None else {"resume": self.resume}
        return {"sdp": self.pc.localDescription.sdp, "type": "offer", "webrtc_id": self.id, **resume}

    async def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post a body and return status and JSON."""
        return await self._post({"webrtc_id": self.id, **body})

    async def call(self) -> "Caller":
        """Send the offer, accept the answer, and wait until connected."""
        status, answer = await self.post(await self.offer())
        assert status == 200, (status, answer)
        assert answer.get("type") == "answer", answer
        await self.accept(answer)
        await until(lambda: self.pc.connectionState == "connected", "the connection did not come about")
        return self

    async def accept(self, answer: dict[str, Any]) -> None:
        """Accept an answer."""
        self.resume = answer.get("resume", self.resume)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def message(self, kind: str, data: Any = None) -> dict[str, Any]:
        """Wait for a message of a type, and with some data if given."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.messages if one["type"] == kind and data in (None, one.get("data"))]

        await until(lambda: bool(found()), f"{kind} {data} did not come")
        return found()[0]

    @property
    def sound(self) -> np.ndarray:
        """All received audio."""
        return np.concatenate(self.blocks) if self.blocks else np.zeros(0, np.int16)

    async def wait_for_pitch(self, hz: float, seconds: float = 0.3) -> None:
        """Wait until the latest audio has this pitch."""
        count = int(seconds * RATE)
        await until(lambda: len(self.sound) >= count and abs(pitch(self.sound[-count:]) - hz) < 15, f"{hz} Hz was not heard")

    async def wait_for_colour(self, colour: tuple[int, int, int]) -> None:
        """Wait for a video frame with about this colour in its middle."""

        def found() -> bool:
            return bool(self.pictures) and np.abs(middle(self.pictures[-1]) - np.array(colour)).max() < 25

        await until(found, f"{colour} was not seen")

    def lose_network(self) -> None:
        """Lose the network: nothing more is sent or answered."""
        for transport in self.pc._RTCPeerConnection__iceTransports:
            for protocol in transport._connection._protocols:
                protocol.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        await asyncio.wait_for(self.pc.close(), WAIT_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame: Any = await track.recv()
                if track.kind == "audio":
                    self.arrivals.append(time.monotonic())
                    self.blocks.append(frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0])
                else:
                    self.pictures = [*self.pictures[-9:], frame.to_ndarray(format="bgr24")]
        except MediaStreamError:
            pass


def pitch(samples: np.ndarray) -> float:
    """Return the loudest frequency of 48 kHz audio in Hz, 0 for silence."""
    if np.abs(samples).max() < 500:
        return 0.0
    return float(np.abs(np.fft.rfft(samples.astype(np.float32))).argmax() * RATE / len(samples))


def middle(picture: np.ndarray) -> np.ndarray:
    """Return the colour in the middle of a video frame."""
    return picture[picture.shape[0] // 2, picture.shape[1] // 2].astype(int)


async def until(happened: Callable[[], bool], otherwise: str, seconds: float = WAIT_S) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.05)


async def nothing_is_left() -> None:
    """Wait until no session, no connection and no task of one is left, and no socket is open."""
    await until(lambda: not len(runtime().part(Peers)) and not len(runtime().registry), "a session did not end")
    await runtime().poller.close()
    await until(lambda: not _tasks(), f"tasks are left: {_tasks()}")
    vars(aioice.ice._mdns).clear()  # aioice keeps a lock for each thread, and tests have a loop each
    gc.collect()
    await until(lambda: not _open(), f"connections are open: {_open()}")


def _open() -> list[RTCPeerConnection]:
    """Return the connections that are not closed. By type: `isinstance` would load the lazy users of old requests from the database."""
    return [one for one in gc.get_objects() if issubclass(type(one), RTCPeerConnection) and one.connectionState != "closed"]


def _tasks() -> list[str]:
    """Return the tasks that belong to a session."""
    found = [str(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    return [task for task in found if any(word in task for word in ("streaming", "aiortc", "aioice", "RTC", "Peer", "Connection"))]


def here(stream: Stream, user_id: int | None = 1) -> Post:
    """Post to a stream in this process, as an authenticated user."""

    async def post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            answer = await offers.answer(stream, user_id, body)
        except BodyError as error:
            return 422, error.answer
        return answer.status, json.loads(json.dumps(answer.body))

    return post


@asynccontextmanager
async def to(server: Server, token: str, path: str = "/webrtc/offer") -> AsyncIterator[Post]:
    """Post to a server."""
    async with aiohttp.ClientSession(headers={"x-api-key": token} if token else {}) as session:

        async def post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            sent = io.BytesIO(json.dumps(body).encode())
            async with session.post(server.url + path, data=sent, headers={"Content-Type": "application/json"}) as response:
                return response.status, await response.json()

        yield post
