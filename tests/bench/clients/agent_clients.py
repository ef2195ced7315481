"""`python -m tests.bench.clients.agent_clients`: a user of a voice agent, who speaks again and again and waits for the answers."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from numpy.typing import NDArray

from streaming.transports.webrtc.rtp_in import receive_audio
from tests import speech
from tests.bench.clients.measurement_window import PATIENCE_S, Answer, Question, answer, http_client, in_time

RATE = 48_000
FRAME_S = 0.02
FRAME = int(RATE * FRAME_S)
AUDIBLE = 400
"""Amplitude from which a sample counts as sound, of 32768; the noise of a codec is fainter."""
REST_S = 0.8
"""Silence after an answer, before the next turn."""
_QUIET_S = 0.6  # without sound: the answer has ended


class Microphone:
    """Speech in frames of 20 ms, silence between the turns. Times are those of time.perf_counter.

    `spoken` has the time at which the last audible sample of each turn was sent.
    """

    def __init__(self, clip: str) -> None:
        self._speech = speech.clip(clip)
        self._last = int(np.flatnonzero(np.abs(self._speech) > AUDIBLE)[-1])
        self._at: int | None = None
        self.spoken: list[float] = []

    def speak(self) -> None:
        """Begin a turn with the next frame."""
        self._at = 0

    def frame(self, now: float) -> NDArray[np.int16]:
        """Return the next 20 ms, which are sent now."""
        if self._at is None:
            return np.zeros(FRAME, dtype=np.int16)
        begin, self._at = self._at, self._at + FRAME
        samples = self._speech[begin : self._at]
        if begin <= self._last < self._at:
            self.spoken.append(now)
        if self._at >= len(self._speech):
            self._at = None
        return np.pad(samples, (0, FRAME - len(samples)))


class Ear:
    """What came back: `heard` has the time of the first audible sample after each call of `listen`, `said` the log messages."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.said: list[tuple[float, str]] = []
        self.errors: list[str] = []
        self.last = 0.0
        """Time of the last audible sample."""
        self._listening = False

    def listen(self) -> None:
        """Note the next sound."""
        self._listening = True

    def sound(self, samples: NDArray[Any], now: float) -> None:
        """Take a frame that arrived now."""
        if np.abs(samples.astype(np.int32)).max(initial=0) <= AUDIBLE:
            return
        self.last = now
        if self._listening:
            self._listening = False
            self.heard.append(now)

    def message(self, text: str, now: float) -> None:
        """Take a message that arrived now."""
        message = json.loads(text)
        if message.get("type") == "log":
            self.said.append((now, str(message.get("data"))))
        elif message.get("type") in ("error", "warning") or message.get("status") == "failed":
            self.errors.append(text[:200])


class Track(MediaStreamTrack):
    """The microphone as a track, in real time."""

    kind = "audio"

    def __init__(self, microphone: Microphone) -> None:
        super().__init__()
        self._microphone = microphone
        self._began = time.perf_counter()
        self._count = 0

    async def recv(self) -> AudioFrame:
        """Return the next frame when it is due."""
        await asyncio.sleep(max(0.0, self._began + self._count * FRAME_S - time.perf_counter()))
        frame = AudioFrame.from_ndarray(self._microphone.frame(time.perf_counter()).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._count * FRAME
        self._count += 1
        return frame


async def over_webrtc(url: str, microphone: Microphone, ear: Ear, talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Talk over a peer connection. The client plays each packet as it comes, without a jitter buffer."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTrack(Track(microphone))
    receive_audio(connection.getReceivers()[0], lambda samples, rate: ear.sound(samples, time.perf_counter()))
    channel = connection.createDataChannel("text")
    channel.on("message", lambda text: ear.message(text, time.perf_counter()))
    opened = asyncio.Event()
    channel.on("open", opened.set)
    await connection.setLocalDescription(await connection.createOffer())
    body = {"sdp": connection.localDescription.sdp, "type": "offer", "webrtc_id": uuid4().hex}
    async with http_client() as http, http.post(f"{url}/webrtc/offer", json=body) as response:
        found = await response.json()
    await connection.setRemoteDescription(RTCSessionDescription(found["sdp"], found["type"]))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await opened.wait()
        await talk()
    finally:
        await connection.close()


async def over_websocket(
    url: str, microphone: Microphone, ear: Ear, talk: Callable[[], Coroutine[Any, Any, None]], *, pauses: bool = False
) -> None:
    """Talk over a WebSocket, in frames of 16-bit samples; with `pauses` the client pauses its playback when the server says so."""
    async with http_client() as http, http.ws_connect(f"{url}/websocket/offer", compress=0, max_msg_size=0) as socket:
        start = {"event": "start", "websocket_id": uuid4().hex, "format": "pcm16", "sample_rate": RATE, "pauses": pauses}
        await socket.send_json(start)

        async def send() -> None:
            began, count = time.perf_counter(), 0
            while True:
                await asyncio.sleep(max(0.0, began + count * FRAME_S - time.perf_counter()))
                await socket.send_bytes(microphone.frame(time.perf_counter()).astype("<i2").tobytes())
                count += 1

        async def take() -> None:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.BINARY:
                    ear.sound(np.frombuffer(message.data, dtype="<i2"), time.perf_counter())
                else:
                    ear.message(str(message.data), time.perf_counter())

        tasks = [asyncio.create_task(send()), asyncio.create_task(take())]
        try:
            await talk()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


TRANSPORTS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "webrtc": over_webrtc,
    "websocket": over_websocket,
    "websocket, pauses": partial(over_websocket, pauses=True),
}


async def ask(question: Question) -> Answer:
    """Speak so many turns over a transport; return the delays of the answers, and of what the server said before them."""
    microphone, ear = Microphone(question["clip"]), Ear()

    async def talk() -> None:
        for number in range(question["turns"]):
            microphone.speak()
            await in_time(partial(_more_than, microphone.spoken, number), PATIENCE_S)
            ear.listen()
            if not await in_time(partial(_more_than, ear.heard, number), PATIENCE_S):
                ear.errors.append("no answer was heard")
                return
            await in_time(lambda: time.perf_counter() - ear.last > _QUIET_S, PATIENCE_S)
            await asyncio.sleep(REST_S)

    await TRANSPORTS[question["transport"]](question["url"], microphone, ear, talk)
    ends = [at for at, data in ear.said if data == "pause_detected"]
    return {
        "delays": [heard - spoken for spoken, heard in zip(microphone.spoken, ear.heard, strict=False)],
        "turn_ends": [end - spoken for spoken, end in zip(microphone.spoken, ends, strict=False)],
        "errors": sorted(set(ear.errors)),
    }


def _more_than(times: list[float], count: int) -> bool:
    return len(times) > count


if __name__ == "__main__":
    answer({"ask": ask}, asyncio.new_event_loop)
