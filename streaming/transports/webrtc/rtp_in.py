"""Received audio and video of a peer. Every inbound track is read to its end, even an unused one, because aiortc queues without limit."""

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

from streaming.aio.executors import VIDEO_THREADS
from streaming.transports.webrtc import aiortc_patches

PATIENCE = 2
"""Number of later packets after which a missing one counts as lost."""
FAR = 100
"""A jump of the sequence number by more than this is a restart, not a loss."""
LONGEST_GAP_S = 1.0
"""Lost audio is replaced by silence of the same length, up to this many seconds."""
PICTURES_AHEAD = 2
"""Decoded video frames that wait for their conversion; above this the oldest is dropped."""
MOST_PIXELS = 4096 * 2160
"""Larger video frames are not converted to arrays: a few bytes can encode a huge uniform picture."""
SOUND_TO_DECODE = 500
PICTURES_TO_DECODE = 60
"""Encoded frames that may wait for a slow decoder; further ones are dropped."""

logger = logging.getLogger(__name__)


class PromptFrame(JitterFrame):
    """The audio of one packet, and of the later packets that waited for it."""

    def __init__(self, packet: RtpPacket) -> None:
        super().__init__(aiortc_patches.packet_payload(packet), packet.timestamp)
        self.sent_as = packet.timestamp
        """The original RTP timestamp; aiortc's receiver changes `timestamp`."""
        self.later: list[PromptFrame] = []


class TrackQueue(queue.Queue[Any]):
    """A bounded queue from the receiver to its decoder; drops frames above `most` and calls `lost` for each."""

    def __init__(self, most: int, lost: Callable[[], None]) -> None:
        super().__init__()
        self._most, self._lost = most, lost

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Append (codec, frame), or None for the end of the track."""
        if item is not None and self.qsize() >= self._most:
            self._lost()
        else:
            super().put(item, block, timeout)


class PromptQueue(TrackQueue):
    """The queue for audio: aiortc takes one frame per packet, so the frames that waited for it are appended here."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Append (codec, frame) and the frames that waited for that frame, or None for the end of the track."""
        super().put(item, block, timeout)
        if item is None:
            return
        codec, first = item
        for frame in first.later:
            frame.timestamp = first.timestamp + uint32_add(frame.sent_as, -first.sent_as)
            super().put((codec, frame), block, timeout)


class PromptBuffer(JitterBuffer):
    """A jitter buffer for audio that passes each packet on as soon as it is the next one.

    aiortc's own buffer always delays by four packets, and after a loss by sixteen. Smooth playback needs that; recognition only
    needs the right order.
    """

    def __init__(self) -> None:
        super().__init__(capacity=16)
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; return False (no keyframe request is needed) and the next frame, or None if it is not here yet."""
        number = packet.sequence_number
        if self._next is None:
            self._next = number
        ahead = uint16_add(number, -self._next)
        if ahead >= 0x8000 and 0x10000 - ahead < FAR:
            return False, None  # too late: its place was passed
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


def use_prompt_buffer(receiver: RTCRtpReceiver) -> None:
    """Give an audio receiver a PromptBuffer before it is started."""
    aiortc_patches.replace_jitter_buffer(receiver, PromptBuffer())
    aiortc_patches.replace_decoder_queue(receiver, PromptQueue(SOUND_TO_DECODE, _ignore_loss))


def bound_video_queue(receiver: RTCRtpReceiver) -> None:
    """Bound the decoder queue of a video receiver; after a dropped frame a keyframe is requested."""
    lost = aiortc_patches.keyframe_request(receiver)
    aiortc_patches.replace_decoder_queue(receiver, TrackQueue(PICTURES_TO_DECODE, lost))


def _ignore_loss() -> None:
    """Do nothing about a dropped audio packet."""


async def read_audio(track: MediaStreamTrack, received: Callable[[npt.NDArray[np.int16], int], None]) -> None:
    """Call `received` with each block of a track as mono samples and their rate in Hz, until the track ends; losses become silence."""
    expected: int | None = None
    while True:
        try:
            frame: Any = await track.recv()
        except MediaStreamError:
            return
        samples = mono(frame)
        if expected is not None and frame.pts is not None and frame.pts > expected:
            lost = min(frame.pts - expected, int(LONGEST_GAP_S * frame.sample_rate))
            received(np.zeros(lost, dtype=np.int16), frame.sample_rate)
        if frame.pts is not None:
            expected = frame.pts + len(samples)
        received(samples, frame.sample_rate)


def mono(frame: Any) -> npt.NDArray[np.int16]:
    """Return the samples of an s16 frame with one or two channels, as aiortc's decoders produce, as one channel."""
    channels = len(frame.layout.channels)
    block: npt.NDArray[np.int16] = np.frombuffer(frame.planes[0], dtype=np.int16, count=frame.samples * channels)
    if channels == 1:
        return block
    return (np.add(block[0::2], block[1::2], dtype=np.int32) >> 1).astype(np.int16)


async def read_video(track: MediaStreamTrack, received: Callable[[npt.NDArray[np.uint8]], None], warn: Callable[[str], None]) -> None:
    """Call `received` with each frame of a track as a BGR array (height, width, 3), until the track ends.

    If the conversion is too slow, the oldest frames are dropped. Frames that cannot be converted are skipped, with a call of `warn`.
    """
    frames: deque[Any] = deque(maxlen=PICTURES_AHEAD)
    arrived = asyncio.Event()
    converting = asyncio.create_task(_convert(frames, arrived, received, warn))
    try:
        while True:
            frames.append(await track.recv())
            arrived.set()
    except MediaStreamError:
        pass
    finally:
        converting.cancel()
        await asyncio.gather(converting, return_exceptions=True)


async def _convert(
    frames: deque[Any], arrived: asyncio.Event, received: Callable[[npt.NDArray[np.uint8]], None], warn: Callable[[str], None]
) -> None:
    while True:
        while not frames:
            arrived.clear()
            await arrived.wait()
        frame = frames.popleft()
        if frame.width * frame.height > MOST_PIXELS:
            warn(f"pictures of more than {MOST_PIXELS} pixels are left out")
            continue
        try:
            picture = await VIDEO_THREADS.run(lambda picked: picked.to_ndarray(format="bgr24"), frame)
        except Exception as error:
            logger.warning("a video frame could not be converted (%s)", type(error).__name__)
            warn("a picture could not be read")
        else:
            received(picture)


async def discard(track: MediaStreamTrack) -> None:
    """Read and drop an unused track until it ends, so that it does not fill the memory."""
    while True:
        try:
            await track.recv()
        except MediaStreamError:
            return
