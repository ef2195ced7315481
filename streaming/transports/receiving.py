"""What a peer receives: every inbound track is read to its end, whether anybody wants it or not (aiortc queues without limit)."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

PATIENCE = 2
"""Later packets that arrive before a missing one is given up."""
FAR = 100
"""A jump in the numbering by more than this is a new beginning, not a loss."""
LONGEST_GAP_S = 1.0
"""Lost sound is made up for by silence of the same length, up to this."""
PICTURES_AHEAD = 2

_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class PromptBuffer(JitterBuffer):
    """A jitter buffer for sound that gives each packet on at once when it is the next one.

    aiortc's own holds four packets back all the time, and after a loss it stalls for sixteen. A listener that plays needs
    that; one that hears does not: it only wants the order right.
    """

    def __init__(self) -> None:
        super().__init__(capacity=16)
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; return False (no picture is missing) and the next frame, if it is known."""
        number = packet.sequence_number
        if self._next is None:
            self._next = number
        ahead = uint16_add(number, -self._next)
        if ahead >= 0x8000 and 0x10000 - ahead < FAR:
            return False, None  # it comes too late
        if ahead > FAR:
            self._waiting.clear()
            self._next = number
        self._waiting[number] = packet
        if self._next not in self._waiting and len(self._waiting) > PATIENCE:
            self._next = min(self._waiting, key=lambda other: uint16_add(other, -(self._next or 0)))
        found = self._waiting.pop(self._next, None)
        if found is None:
            return False, None
        self._next = uint16_add(self._next, 1)
        data: bytes = getattr(found, "_data", b"")
        return False, JitterFrame(data, found.timestamp)


def hear_promptly(receiver: RTCRtpReceiver) -> None:
    """Give an audio receiver a prompt buffer, before its first packet. aiortc has no public way; a test holds the name."""
    if not hasattr(receiver, _BUFFER):
        raise AttributeError(f"RTCRtpReceiver has no {_BUFFER} any more")
    setattr(receiver, _BUFFER, PromptBuffer())


async def hear(track: MediaStreamTrack, heard: Callable[[npt.NDArray[np.int16], int], None]) -> None:
    """Give on every block of a track as mono samples with their rate, until the track ends; losses become silence."""
    expected: int | None = None
    while True:
        try:
            frame: Any = await track.recv()
        except MediaStreamError:
            return
        samples = mono(frame)
        if expected is not None and frame.pts is not None and frame.pts > expected:
            lost = min(frame.pts - expected, int(LONGEST_GAP_S * frame.sample_rate))
            heard(np.zeros(lost, dtype=np.int16), frame.sample_rate)
        if frame.pts is not None:
            expected = frame.pts + len(samples)
        heard(samples, frame.sample_rate)


def mono(frame: Any) -> npt.NDArray[np.int16]:
    """Return an s16 frame of one or two channels, as the decoders make them, as one channel."""
    channels = len(frame.layout.channels)
    block: npt.NDArray[np.int16] = np.frombuffer(frame.planes[0], dtype=np.int16, count=frame.samples * channels)
    if channels == 1:
        return block
    return (np.add(block[0::2], block[1::2], dtype=np.int32) >> 1).astype(np.int16)


async def see(track: MediaStreamTrack, seen: Callable[[npt.NDArray[np.uint8]], None]) -> None:
    """Give on the pictures of a track as BGR arrays until it ends; when making arrays is too slow, the newest ones win."""
    frames: deque[Any] = deque(maxlen=PICTURES_AHEAD)
    came = asyncio.Event()
    turning = asyncio.create_task(_turn(frames, came, seen))
    try:
        while True:
            frames.append(await track.recv())
            came.set()
    except MediaStreamError:
        pass
    finally:
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)


async def _turn(frames: deque[Any], came: asyncio.Event, seen: Callable[[npt.NDArray[np.uint8]], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        while not frames:
            came.clear()
            await came.wait()
        frame = frames.popleft()
        seen(await loop.run_in_executor(None, lambda picked: picked.to_ndarray(format="bgr24"), frame))


async def discard(track: MediaStreamTrack) -> None:
    """Read a track that nobody wants, so that it does not fill the memory."""
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return
