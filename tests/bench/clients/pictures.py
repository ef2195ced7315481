"""Video whose frames carry their number in large black and white blocks, which survive VP8. No I/O."""

import fractions
from functools import cache
from typing import Any

import numpy as np
from av import CodecContext, VideoFrame
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 480, 30
FRAMES = 300
"""Frames of a clip, ten seconds: so long a number is unambiguous."""
KEYFRAME_EVERY = 30
BITS_PER_S = 1_000_000
CLOCK_BASE = fractions.Fraction(1, 90_000)

Luma = NDArray[np.uint8]
"""Lightness, shape (height, width)."""

_BLOCK = 32
_MARGIN = 8  # pixels at the edge of a block that are not read
_BITS = 12
_CONTRAST = 60  # least difference between the two rows of a block; the greatest is 219
_BLACK, _WHITE = 16, 235
_GRAIN, _GRAINS = 2.0, 8  # standard deviation of the noise, as of a camera; different ones, used in turn


@cache
def _scenery() -> NDArray[np.int16]:
    """Return a large smooth picture, of which each frame shows a part."""
    y, x = np.mgrid[0 : 2 * HEIGHT, 0 : 2 * WIDTH].astype(np.float32)
    shades: NDArray[np.int16] = (128 + 45 * np.sin(x / 37) + 35 * np.sin(y / 23 + x / 61)).astype(np.int16)
    return shades


@cache
def _grain(number: int) -> NDArray[np.int16]:
    return np.random.default_rng(number).normal(0, _GRAIN, (HEIGHT, WIDTH)).astype(np.int16)


def drawn(number: int) -> Luma:
    """Return a frame: a moving background, and the number in two rows of blocks. The lower row is the negative of the upper one."""
    top, left = 2 * number % HEIGHT, 3 * number % WIDTH
    shown = _scenery()[top : top + HEIGHT, left : left + WIDTH] + _grain(number % _GRAINS)
    picture: Luma = np.clip(shown, _BLACK, _WHITE).astype(np.uint8)
    for place, bit in enumerate([1, *(number >> at & 1 for at in range(_BITS))]):
        columns = slice(place * _BLOCK, (place + 1) * _BLOCK)
        picture[:_BLOCK, columns] = _WHITE if bit else _BLACK
        picture[_BLOCK : 2 * _BLOCK, columns] = _BLACK if bit else _WHITE
    return picture


def number_in(picture: Luma) -> tuple[int, bool] | None:
    """Return the number in a frame, and whether the frame is a negative; None if it cannot be read."""
    rows = picture[: 2 * _BLOCK, : (_BITS + 1) * _BLOCK].reshape(2, _BLOCK, _BITS + 1, _BLOCK)
    if picture.shape != (HEIGHT, WIDTH):
        return None
    levels = rows[:, _MARGIN:-_MARGIN, :, _MARGIN:-_MARGIN].mean(axis=(1, 3))
    contrast = levels[0] - levels[1]
    if np.abs(contrast).min() < _CONTRAST:
        return None
    negative = bool(contrast[0] < 0)
    bits = (contrast[1:] > 0) != negative
    return sum(int(bit) << at for at, bit in enumerate(bits)), negative


def luma(frame: Any) -> Luma:
    """Return the lightness of a decoded frame (yuv420p), without a copy."""
    plane = frame.planes[0]
    rows: Luma = np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)
    return rows[:, : frame.width]


def encoded(frames: int = FRAMES) -> list[bytes]:
    """Return the frames of a clip as VP8, with a keyframe every second, so that the clients need no CPU to encode while they measure."""
    codec: Any = CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.bit_rate, codec.gop_size, codec.time_base = BITS_PER_S, KEYFRAME_EVERY, fractions.Fraction(1, FPS)
    codec.thread_count = 1
    codec.options = {"cpu-used": "-8", "deadline": "realtime", "lag-in-frames": "0"}
    clip = []
    for number in range(frames):
        grey = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        grey[:HEIGHT] = drawn(number)
        frame = VideoFrame.from_ndarray(grey, format="yuv420p")
        frame.pts = number
        clip.append(b"".join(bytes(packet) for packet in codec.encode(frame)))
    return clip
