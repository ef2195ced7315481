"""WebRTC clients based on aiortc; one sends beeps and records when their echoes arrive."""

import asyncio
import fractions
import time
from typing import Any
from uuid import uuid4

import aiohttp
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

RATE = 48_000
FRAME = 960
FRAMES_BETWEEN_BEEPS = 25
BEEP_FRAMES = 2
PITCHES = (500, 700, 900, 1150, 1450, 1800, 2200, 2700)
"""Used in turn, so that an echo is unambiguous for up to four seconds."""
LOUD, BEEP, FAINT = 2_500, 12_000, 200
_QUIET_FRAMES = 3
_CALL_S = 60.0
_CLOSE_S = 10.0


class Beeper(MediaStreamTrack):
    """20 ms frames of faint noise (digital silence would be cheap to encode) with a beep every half second.

    Like a microphone it starts with its first frame, and skips frames that were not read in time: a burst would delay the echo for the
    rest of the call. `sent` has the start time and pitch of each beep.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[float, int]] = []
        self._noise = np.random.default_rng(1).normal(0, FAINT, (16, FRAME)).astype(np.int16)
        self._due = 0.0
        self._count = 0

    async def recv(self) -> AudioFrame:
        """Return the next frame when it is due."""
        now = time.perf_counter()
        if self._due < now - FRAME / RATE:
            self._due = now
        await asyncio.sleep(max(0.0, self._due - now))
        self._due += FRAME / RATE
        samples = self._noise[self._count % len(self._noise)]
        round_, place = divmod(self._count, FRAMES_BETWEEN_BEEPS)
        since = place - (FRAMES_BETWEEN_BEEPS - BEEP_FRAMES)
        if since >= 0:
            pitch = round_ % len(PITCHES)
            samples = (BEEP * np.sin(2 * np.pi * PITCHES[pitch] * (np.arange(FRAME) + since * FRAME) / RATE)).astype(np.int16)
            if since == 0:
                self.sent.append((time.perf_counter(), pitch))
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._count * FRAME, fractions.Fraction(1, RATE)
        self._count += 1
        return frame


class Listener:
    """Detects beeps in audio: `heard` has the time of the first frame of each beep, and its pitch."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, int]] = []
        self._quiet = _QUIET_FRAMES
        self._loudest = 0
        self._beep: tuple[float, int] | None = None

    def process(self, samples: NDArray[np.int16], rate: int, now: float) -> None:
        """Process a frame of one channel that arrived now."""
        level = int(np.abs(samples.astype(np.int32)).max())
        if level <= LOUD:
            self._quiet += 1
            if self._beep is not None and self._quiet == _QUIET_FRAMES:
                self.heard.append(self._beep)
                self._beep = None
            return
        if self._beep is None:
            self._beep, self._loudest = (now, 0), 0
        self._quiet = 0
        if level > self._loudest:  # the first frame may hold only part of a period
            self._loudest = level
            self._beep = (self._beep[0], _pitch(samples, rate))


def delays(sent: list[tuple[float, int]], heard: list[tuple[float, int]]) -> list[tuple[float, float]]:
    """Return (when it was sent, seconds until it came back) of every beep that came back."""
    found = []
    for at, pitch in heard:
        begun = [then for then, one in sent if one == pitch and then < at]
        if begun:
            found.append((begun[-1], at - begun[-1]))
    return found


def _pitch(samples: NDArray[np.int16], rate: int) -> int:
    """Return the index of the pitch of a frame."""
    strongest = np.abs(np.fft.rfft(samples.astype(np.float32))).argmax() * rate / len(samples)
    return int(np.abs(np.array(PITCHES) - strongest).argmin())


class Caller:
    """A client that sends one track and takes what comes back.

    `answer_s`: from sending the offer to its answer; `first_s`: from the offer to the first frame. Both are None until then; `errors` says
    why a call failed.
    """

    def __init__(self, url: str, track: MediaStreamTrack) -> None:
        self.url = url
        self.id = uuid4().hex
        self.answer_s: float | None = None
        self.first_s: float | None = None
        self.errors: list[str] = []
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(track)
        self._offered = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def call(self, http: aiohttp.ClientSession) -> None:
        """Send the offer and apply the answer, if there is one."""
        self.connection.createDataChannel("text")
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._take(track))))
        await self.connection.setLocalDescription(await self.connection.createOffer())
        body = {"sdp": self.connection.localDescription.sdp, "type": "offer", "webrtc_id": self.id}
        self._offered = time.perf_counter()
        try:
            async with asyncio.timeout(_CALL_S), http.post(f"{self.url}/webrtc/offer", json=body) as response:
                answer = await response.json()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.errors.append(type(error).__name__)
            return
        if "sdp" not in answer:
            self.errors.append(f"no answer: {answer}"[:200])
            return
        self.answer_s = time.perf_counter() - self._offered
        await self.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def close(self) -> None:
        """Close the connection."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.connection.close()
        except TimeoutError:
            pass
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, frame: Any, now: float) -> None:
        """Take a frame that arrived now."""
        raise NotImplementedError

    async def _take(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame: Any = await track.recv()
                now = time.perf_counter()
                if self.first_s is None:
                    self.first_s = now - self._offered
                self.take(frame, now)
        except MediaStreamError:
            pass


class Peer(Caller):
    """A client that sends beeps and listens for them."""

    def __init__(self, url: str) -> None:
        self.beeper = Beeper()
        self.listener = Listener()
        self.frames: list[float] = []
        super().__init__(url, self.beeper)

    def take(self, frame: Any, now: float) -> None:
        """Note the frame, and listen."""
        self.frames.append(now)
        self.listener.process(frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)], frame.sample_rate, now)
