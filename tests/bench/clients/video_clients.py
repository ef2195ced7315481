"""`python -m tests.bench.clients.video_clients`: all video clients of one measurement, in their own process."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
from aiortc import MediaStreamTrack
from av import Packet

from streaming.transports.webrtc import aiortc_patches
from streaming.transports.webrtc.jitter_buffers import PromptVideoBuffer
from tests.bench.clients.measurement_window import PATIENCE_S, Answer, Question, Window, answer, http_client, in_time, percentiles, some
from tests.bench.clients.peers import Caller
from tests.bench.clients.pictures import CLOCK_BASE, FPS, encoded, luma, number_in
from tests.bench.scoring import percentile

_FIRST_S = 1.0
"""Duration of the first call, which only warms up the server."""


class Camera(MediaStreamTrack):
    """Sends a clip again and again, in real time. `sent` has the time of each frame, by its number since the beginning.

    A frame that was not read in time is sent late and not left out, because the later ones cannot be decoded without it.
    """

    kind = "video"

    def __init__(self, clip: Sequence[bytes]) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self._clip = clip
        self._began: float | None = None
        self._next = 0

    async def recv(self) -> "Packet[Any]":
        """Return the next frame when it is due."""
        now = time.perf_counter()
        if self._began is None:
            self._began = now
        await asyncio.sleep(max(0.0, self._began + self._next / FPS - now))
        self.sent[self._next] = time.perf_counter()
        packet = Packet(self._clip[self._next % len(self._clip)])
        packet.pts, packet.time_base = self._next * 90_000 // FPS, CLOCK_BASE
        self._next += 1
        return packet


class Viewer(Caller):
    """A client that sends a camera's frames and reads the numbers in those that come back."""

    def __init__(self, url: str, clip: Sequence[bytes]) -> None:
        self.camera = Camera(clip)
        self.frames: list[float] = []
        """When each frame came."""
        self.back: dict[int, float] = {}
        """When each frame came back for the first time, by its number since the beginning."""
        self.unread = 0
        """Frames whose number could not be read."""
        self.plain: list[float] = []
        """When frames came that the handler had not changed."""
        self._clip = len(clip)
        super().__init__(url, self.camera)
        aiortc_patches.replace_jitter_buffer(self.connection.getReceivers()[0], PromptVideoBuffer())

    async def start(self, http: aiohttp.ClientSession) -> None:
        """Call, and send the inputs without which FastRTC calls no handler of video."""
        await self.call(http)
        if not self.errors:
            async with http.post(f"{self.url}/input_hook", json={"webrtc_id": self.id}) as response:
                await response.read()

    def take(self, frame: Any, now: float) -> None:
        """Read the number of a frame."""
        self.frames.append(now)
        found = number_in(luma(frame))
        if found is None:
            self.unread += 1
            return
        number, negative = found
        if not negative:
            self.plain.append(now)
        last = len(self.camera.sent) - 1
        number += (last - number) // self._clip * self._clip  # the newest frame with that number in the clip
        self.back.setdefault(number, now)

    def delays(self, since: float, until: float) -> list[float]:
        """Return the delays of the frames that were sent in this time and came back."""
        return [self.back[number] - at for number, at in self.camera.sent.items() if since <= at < until and number in self.back]

    def sent(self, since: float, until: float) -> int:
        """Return how many frames were sent in this time."""
        return sum(since <= at < until for at in self.camera.sent.values())


async def watch(question: Question) -> Answer:
    """Run video clients that call one after the other; an extra first call warms up and is not counted.

    The window begins when all receive video. Frames that are not back `late_s` after it are lost.
    """
    clip = encoded()
    opening, *viewers = [Viewer(question["url"], clip) for _ in range(question["peers"] + 1)]
    async with http_client() as http:
        await opening.start(http)
        await in_time(lambda: bool(opening.errors) or opening.first_s is not None, PATIENCE_S)
        await asyncio.sleep(_FIRST_S)
        await opening.close()
        for viewer in viewers:
            await viewer.start(http)
        await in_time(lambda: all(viewer.errors or viewer.first_s is not None for viewer in viewers), PATIENCE_S)
        await asyncio.sleep(question["warm_s"])
        window, since = Window(question["pid"]), time.perf_counter()
        await asyncio.sleep(question["seconds"])
        used, until = window.seen(), time.perf_counter()
        await in_time(lambda: all(len(viewer.delays(since, until)) >= viewer.sent(since, until) for viewer in viewers), question["late_s"])
        await asyncio.gather(*(viewer.close() for viewer in viewers))
    return {**used, **_results(viewers, since, until)}


def _results(viewers: Sequence[Viewer], since: float, until: float) -> Answer:
    """Return the results of the calls, and of the frames of the window."""
    counted = [delay for viewer in viewers for delay in viewer.delays(since, until)]
    sent = sum(viewer.sent(since, until) for viewer in viewers)
    rates = [sum(since <= at < until for at in viewer.frames) / (until - since) for viewer in viewers]
    return {
        **percentiles(counted),
        "answer": percentile([viewer.answer_s for viewer in viewers if viewer.answer_s is not None], 50),
        "first_picture": percentile([viewer.first_s for viewer in viewers if viewer.first_s is not None], 50),
        "sent_per_s": sent / len(viewers) / (until - since),
        "lost": 1 - len(counted) / sent if sent else None,
        "unread": sum(viewer.unread for viewer in viewers),
        "plain": sum(since <= at < until for viewer in viewers for at in viewer.plain),
        "frames_per_s": sum(rates) / len(rates),
        "least_per_s": min(rates),
        "errors": some([viewer.errors for viewer in viewers]),
    }


if __name__ == "__main__":
    answer({"watch": watch}, asyncio.new_event_loop)
