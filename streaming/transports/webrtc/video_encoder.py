"""VP8 encoder for the pictures of handlers, with aiortc's rate control but settings for a server (docs/adr/0140-video-encoder.md)."""

import fractions
from typing import Any

import numpy as np
import numpy.typing as npt
from av import CodecContext, VideoFrame
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

Picture = npt.NDArray[np.uint8]

CLOCK = 90_000
"""The RTP clock rate of video."""
CLOCK_BASE = fractions.Fraction(1, CLOCK)
SPEED = 8
"""libvpx's `cpu-used`, 0 to 16; aiortc has 6."""
RATE_CHANGE = 0.1
"""Change of the bit rate, relative to the present one, at which the encoder starts again, with a keyframe; as in aiortc."""
KEYFRAMES = 3_000
"""Frames after which there is a keyframe where none was requested."""


class Vp8Encoder:
    """Encodes BGR arrays (height, width, 3), one at a time, in any thread."""

    def __init__(self) -> None:
        self._codec: Any = None
        self._reformatter = VideoReformatter()

    def encode(self, picture: Picture, timestamp: int, bit_rate: int, keyframe: bool) -> bytes:
        """Return the encoded picture. `timestamp` counts at CLOCK and grows."""
        frame: Any = self._reformatter.reformat(picture_frame(picture), format="yuv420p", threads=1)
        frame.pts, frame.time_base = timestamp, CLOCK_BASE
        if keyframe:
            frame.pict_type = PictureType.I
        if not self._fits(frame, bit_rate):
            self._codec = _new_codec(frame.width, frame.height, bit_rate)
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))

    def _fits(self, frame: Any, bit_rate: int) -> bool:
        codec = self._codec
        if codec is None or (frame.width, frame.height) != (codec.width, codec.height):
            return False
        return bool(abs(bit_rate - codec.bit_rate) <= RATE_CHANGE * codec.bit_rate)


def picture_frame(picture: Picture) -> VideoFrame:
    """Return a frame cropped to even width and height, as the video codecs require."""
    height, width = picture.shape[:2]
    even = np.ascontiguousarray(picture[: height - height % 2, : width - width % 2], dtype=np.uint8)
    return VideoFrame.from_numpy_buffer(even, format="bgr24")


def _new_codec(width: int, height: int, bit_rate: int) -> Any:
    codec: Any = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.gop_size, codec.qmin, codec.qmax = bit_rate, KEYFRAMES, 2, 56
    codec.thread_count = 1
    codec.options = {
        "cpu-used": f"-{SPEED}",  # negative: not slower where the processor has time left
        "deadline": "realtime",
        "lag-in-frames": "0",
        "bufsize": str(bit_rate),
        "minrate": str(bit_rate),
        "maxrate": str(bit_rate),
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "static-thresh": "1",
    }
    return codec
