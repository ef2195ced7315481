"""Received audio and video of a peer: decoded in our threads, in the order of a track, and passed on as arrays.

aiortc decodes each track in a thread of its own and starts a task of the event loop for each decoded frame. That and its audio in stereo
are the greatest part of what a received packet costs (docs/adr/0139-decoding-of-tracks.md). Here the track's decoder takes the place
of the queue to that thread, which then only waits for the end of the track.
"""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver
from aiortc.codecs import get_decoder
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.utils import uint32_add
from av.video.reformatter import VideoReformatter

from insights.safe_log import error_location
from streaming.aio.executors import AUDIO_THREADS, VIDEO_THREADS, Threads
from streaming.transports.webrtc import aiortc_patches
from streaming.transports.webrtc.jitter_buffers import PromptBuffer, PromptFrame, PromptVideoBuffer

Pcm = npt.NDArray[np.int16]
Picture = npt.NDArray[np.uint8]

LONGEST_GAP_S = 1.0
"""Lost audio is replaced by silence of the same length, up to this many seconds."""
PICTURES_AHEAD = 2
"""Encoded video frames that wait for the decoder; while there are more, frames are decoded but not converted to arrays."""
MOST_PIXELS = 4096 * 2160
"""Larger video frames are not converted to arrays: a few bytes can encode a huge uniform picture."""
SOUND_TO_DECODE = 500
PICTURES_TO_DECODE = 60
"""Encoded frames that may wait for a slow decoder; further ones are dropped."""
FRAMES_AT_ONCE = 8
"""Frames of one track after which its thread serves other tracks."""

logger = logging.getLogger(__name__)


class FrameDecoder(Protocol):
    """Decodes the frames of one track, in any thread but one at a time."""

    def decode(self, codec: RTCRtpCodecParameters, frame: JitterFrame, waiting: int) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of `received`; `waiting` is the number of encoded frames behind this one."""


class TrackDecoder(queue.Queue[Any]):
    """The decoder of one track, in the place of aiortc's queue to its decoder thread.

    Args:
        threads: where frames are decoded.
        decoder: decodes a frame.
        received: called in the event loop with what was decoded.
        most: encoded frames that may wait; further ones are dropped.
        lost: called for each dropped frame, and for each that cannot be decoded. Any thread.
    """

    def __init__(
        self, threads: Threads, decoder: FrameDecoder, received: Callable[..., None], most: int, lost: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._threads = threads
        self._decoder = decoder
        self._received = received
        self._most = most
        self._lost = lost
        self._encoded: deque[tuple[RTCRtpCodecParameters, JitterFrame]] = deque()
        self._decoded: deque[tuple[Any, ...]] = deque()
        self._lock = threading.Lock()
        self._working = False
        self._ended = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take (codec, frame), or None for the end of the track. Called by aiortc's receiver in the event loop."""
        if item is None:
            self._ended = True
            with self._lock:
                self._encoded.clear()
            super().put(None)
            return
        codec, frame = item
        self._add(codec, frame)
        if isinstance(frame, PromptFrame):
            for later in frame.later:
                later.timestamp = frame.timestamp + uint32_add(later.sent_as, -frame.sent_as)
                self._add(codec, later)

    @property
    def waiting(self) -> int:
        """Encoded frames that wait for the decoder."""
        return len(self._encoded)

    def _add(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        if not frame.data or self._ended:  # an empty packet would end the decoder
            return
        with self._lock:
            full = len(self._encoded) >= self._most
            if not full:
                self._encoded.append((codec, frame))
            idle, self._working = not self._working, True
        if full:
            self._lost()
        if idle:
            self._threads.start(self._decode_some)

    def _decode_some(self) -> None:
        """Decode the waiting frames, in a thread; after some of them let other tracks go first."""
        for _ in range(FRAMES_AT_ONCE):
            with self._lock:
                if not self._encoded:
                    self._working = False
                    return
                codec, frame = self._encoded.popleft()
            try:
                found = self._decoder.decode(codec, frame, len(self._encoded))
            except Exception as error:
                logger.debug("a frame could not be decoded (%s)", type(error).__name__)
                self._lost()
                continue
            if found and not self._pass_on(found):
                return
        self._threads.start(self._decode_some)

    def _pass_on(self, found: list[tuple[Any, ...]]) -> bool:
        """Call `received` in the event loop. Return False if the loop is closed."""
        for arguments in found:
            self._decoded.append(arguments)
            if len(self._decoded) == 1:  # else a call of `_deliver` has not ended
                try:
                    self._loop.call_soon_threadsafe(self._deliver)
                except RuntimeError:
                    return False
        return True

    def _deliver(self) -> None:
        while self._decoded:
            if not self._ended:
                try:
                    self._received(*self._decoded[0])
                except Exception as error:
                    logger.error("received media could not be taken: %s", error_location(error))
            self._decoded.popleft()  # only now, so that the thread sees that this call has not ended


class AudioDecoder:
    """Decodes to mono blocks of samples with their rate in Hz; losses become silence of the same length."""

    def __init__(self) -> None:
        self._name = ""
        self._decoder: Decoder | None = None
        self._expected: int | None = None

    def decode(self, codec: RTCRtpCodecParameters, frame: JitterFrame, waiting: int) -> list[tuple[Pcm, int]]:
        """Return the silence before the frame, if any, and its samples."""
        if self._decoder is None or codec.name != self._name:
            self._name, self._expected = codec.name, None
            self._decoder = MonoOpusDecoder() if codec.name.lower() == "opus" else get_decoder(codec)
        blocks: list[tuple[Pcm, int]] = []
        found: list[Any] = self._decoder.decode(frame)
        for decoded in found:
            rate = decoded.sample_rate
            samples = mono(decoded)
            if self._expected is not None and frame.timestamp > self._expected:
                lost_s = min((frame.timestamp - self._expected) / codec.clockRate, LONGEST_GAP_S)
                blocks.append((np.zeros(round(lost_s * rate), dtype=np.int16), rate))
            self._expected = frame.timestamp + len(samples) * codec.clockRate // rate
            blocks.append((samples, rate))
        return blocks


class MonoOpusDecoder(Decoder):
    """aiortc's Opus decoder, but libopus mixes both channels itself."""

    def __init__(self) -> None:
        codec: Any = av.CodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = 48_000
        self._codec = codec

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        """Return the audio frames of a packet."""
        frames: list[Any] = self._codec.decode(av.Packet(encoded_frame.data))
        return frames


class VideoDecoder:
    """Decodes to BGR arrays (height, width, 3). Frames that cannot be converted are left out, with a call of `warn` in the event loop."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._warn = warn
        self._name = ""
        self._decoder: Decoder | None = None
        self._reformatter = VideoReformatter()

    def decode(self, codec: RTCRtpCodecParameters, frame: JitterFrame, waiting: int) -> list[tuple[Picture]]:
        """Return the array, or nothing where newer frames wait."""
        if self._decoder is None or codec.name != self._name:
            self._name, self._decoder = codec.name, get_decoder(codec)
        found = self._decoder.decode(frame)
        if waiting > PICTURES_AHEAD:
            return []
        return [(picture,) for decoded in found if (picture := self._converted(decoded)) is not None]

    def _converted(self, frame: Any) -> Picture | None:
        if frame.width * frame.height > MOST_PIXELS:
            self._report(f"pictures of more than {MOST_PIXELS} pixels are left out")
            return None
        try:
            picture: Any = self._reformatter.reformat(frame, format="bgr24", threads=1).to_ndarray()
        except Exception as error:
            logger.warning("a video frame could not be converted (%s)", type(error).__name__)
            self._report("a picture could not be read")
            return None
        converted: Picture = picture
        return converted

    def _report(self, text: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._warn, text)
        except RuntimeError:  # the loop is closed
            logger.debug("a warning had no loop")


class NoDecoder:
    """Drops the frames of an unused track undecoded."""

    def decode(self, codec: RTCRtpCodecParameters, frame: JitterFrame, waiting: int) -> list[tuple[Any, ...]]:
        """Return nothing."""
        return []


def receive_audio(receiver: RTCRtpReceiver, received: Callable[[Pcm, int], None]) -> None:
    """Call `received` with each block of a receiver's audio as mono samples and their rate in Hz. Call before the receiver is started."""
    aiortc_patches.replace_jitter_buffer(receiver, PromptBuffer())
    aiortc_patches.replace_decoder_queue(receiver, TrackDecoder(AUDIO_THREADS, AudioDecoder(), received, SOUND_TO_DECODE))


def receive_video(receiver: RTCRtpReceiver, received: Callable[[Picture], None], warn: Callable[[str], None]) -> None:
    """Call `received` with each frame of a receiver's video as a BGR array. Call before the receiver is started.

    If the decoder is too slow, frames are dropped; after a dropped or broken one a keyframe is requested.
    """
    lost = aiortc_patches.keyframe_request(receiver)
    aiortc_patches.replace_jitter_buffer(receiver, PromptVideoBuffer())
    aiortc_patches.replace_decoder_queue(receiver, TrackDecoder(VIDEO_THREADS, VideoDecoder(warn), received, PICTURES_TO_DECODE, lost))


def discard(receiver: RTCRtpReceiver) -> None:
    """Drop what an unused receiver gets. Call before the receiver is started."""
    aiortc_patches.replace_decoder_queue(receiver, TrackDecoder(VIDEO_THREADS, NoDecoder(), lambda: None, 0))


def mono(frame: Any) -> Pcm:
    """Return the samples of an s16 frame with one or two channels, as aiortc's decoders produce, as one channel."""
    channels = len(frame.layout.channels)
    block: Pcm = np.frombuffer(frame.planes[0], dtype=np.int16, count=frame.samples * channels)
    if channels == 1:
        return block
    return (np.add(block[0::2], block[1::2], dtype=np.int32) >> 1).astype(np.int16)
