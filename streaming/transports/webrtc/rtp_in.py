"""What a peer receives: every inbound track is read to its end, whether anybody wants it or not (aiortc queues without limit)."""

import asyncio
import logging
import queue
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint32_add

from streaming.aio.executors import PICTURES

PATIENCE = 2
"""Later packets that arrive before a missing one is given up."""
FAR = 100
"""A jump in the numbering by more than this is a new beginning, not a loss."""
LONGEST_GAP_S = 1.0
"""Lost sound is made up for by silence of the same length, up to this."""
PICTURES_AHEAD = 2
MOST_PIXELS = 4096 * 2160
"""A few bytes can say that a picture is black and as large as a house; above this nobody makes an array of it."""
SOUND_TO_DECODE = 500
PICTURES_TO_DECODE = 60
"""Frames that may wait for a decoder that is slower than they come; what comes on top is lost."""

logger = logging.getLogger(__name__)

_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_DECODING = "_RTCRtpReceiver__decoder_queue"
_UNDECODED = "_RTCRtpReceiver__decoder_error"


class PromptFrame(JitterFrame):
    """The sound of one packet, and of those behind it that waited for it."""

    def __init__(self, packet: RtpPacket) -> None:
        super().__init__(getattr(packet, "_data", b""), packet.timestamp)
        self.sent_as = packet.timestamp
        """The timestamp as it came; the receiver changes the other one."""
        self.later: list[PromptFrame] = []


class TrackQueue(queue.Queue[Any]):
    """The receiver's queue to its decoder; `lost` is called for each frame above the limit."""

    def __init__(self, most: int, lost: Callable[[], None]) -> None:
        super().__init__()
        self._most, self._lost = most, lost

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Append (codec, frame), or None at the end."""
        if item is not None and self.qsize() >= self._most:
            self._lost()
        else:
            super().put(item, block, timeout)


class PromptQueue(TrackQueue):
    """One for sound: aiortc takes one frame for each packet, and here those behind it follow at once."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Append (codec, frame) and what waited behind that frame, or None at the end."""
        super().put(item, block, timeout)
        if item is None:
            return
        codec, first = item
        for frame in first.later:
            frame.timestamp = first.timestamp + uint32_add(frame.sent_as, -first.sent_as)
            super().put((codec, frame), block, timeout)


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
        frames: list[PromptFrame] = []
        while (found := self._waiting.pop(self._next, None)) is not None:
            frames.append(PromptFrame(found))
            self._next = uint16_add(self._next, 1)
        if not frames:
            return False, None
        frames[0].later = frames[1:]
        return False, frames[0]


def hear_promptly(receiver: RTCRtpReceiver) -> None:
    """Give an audio receiver a prompt buffer, before it is started. aiortc has no public way; a test holds the names."""
    _replace(receiver, _BUFFER, PromptBuffer())
    _replace(receiver, _DECODING, PromptQueue(SOUND_TO_DECODE, _nothing_to_do))


def see_bounded(receiver: RTCRtpReceiver) -> None:
    """Let no more pictures wait for the decoder of a video receiver than may; after a lost one a whole picture is asked for."""
    _replace(receiver, _DECODING, TrackQueue(PICTURES_TO_DECODE, getattr(receiver, _UNDECODED).set))


def _replace(receiver: RTCRtpReceiver, name: str, own: Any) -> None:
    if not hasattr(receiver, name):
        raise AttributeError(f"RTCRtpReceiver has no {name} any more")
    setattr(receiver, name, own)


def _nothing_to_do() -> None:
    """What a lost packet of sound asks for."""


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


async def see(track: MediaStreamTrack, seen: Callable[[npt.NDArray[np.uint8]], None], complain: Callable[[str], None]) -> None:
    """Give on the pictures of a track as BGR arrays until it ends; when making arrays is too slow, the newest ones win.

    What cannot be made one is left out, and complained of.
    """
    frames: deque[Any] = deque(maxlen=PICTURES_AHEAD)
    came = asyncio.Event()
    turning = asyncio.create_task(_turn(frames, came, seen, complain))
    try:
        while True:
            frames.append(await track.recv())
            came.set()
    except MediaStreamError:
        pass
    finally:
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)


async def _turn(
    frames: deque[Any], came: asyncio.Event, seen: Callable[[npt.NDArray[np.uint8]], None], complain: Callable[[str], None]
) -> None:
    while True:
        while not frames:
            came.clear()
            await came.wait()
        frame = frames.popleft()
        if frame.width * frame.height > MOST_PIXELS:
            complain(f"pictures of more than {MOST_PIXELS} pixels are left out")
            continue
        try:
            picture = await PICTURES.run(lambda picked: picked.to_ndarray(format="bgr24"), frame)
        except Exception as error:
            logger.warning("a picture could not be read (%s)", type(error).__name__)
            complain("a picture could not be read")
        else:
            seen(picture)


async def discard(track: MediaStreamTrack) -> None:
    """Read a track that nobody wants, so that it does not fill the memory."""
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return
