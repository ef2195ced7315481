"""The VP8 encoder: sizes, keyframes and bit rates."""

import numpy as np
import pytest
from av import CodecContext, Packet

from streaming.transports.webrtc.video_encoder import CLOCK, Vp8Encoder, picture_frame

BIT_RATE = 500_000


def scene(number: int, height: int = 240, width: int = 320) -> np.ndarray:
    """Return a picture whose content moves."""
    y, x = np.mgrid[0:height, 0:width]
    shade = 128 + 60 * np.sin((x + 5 * number) / 17) + 40 * np.sin((y - 3 * number) / 11)
    return np.repeat(shade.astype(np.uint8)[..., None], 3, axis=2)


def is_keyframe(encoded: bytes) -> bool:
    """Return whether a VP8 frame is a keyframe (RFC 6386, section 9.1)."""
    return not encoded[0] & 1


def encoded(encoder: Vp8Encoder, numbers: range, bit_rate: int = BIT_RATE) -> list[bytes]:
    """Encode scenes at 30 frames per second."""
    return [encoder.encode(scene(number), number * CLOCK // 30, bit_rate, False) for number in numbers]


def test_frames_are_decoded_as_they_were() -> None:
    """The decoded pictures have the size and nearly the content of the encoded ones."""
    decoder = CodecContext.create("libvpx", "r")
    decoded = [frame.to_ndarray(format="bgr24") for data in encoded(Vp8Encoder(), range(10)) for frame in decoder.decode(Packet(data))]
    assert len(decoded) == 10
    assert np.abs(decoded[9].astype(int) - scene(9)).mean() < 6


def test_a_keyframe_only_where_requested() -> None:
    """The first frame is a keyframe, and one that was requested."""
    encoder = Vp8Encoder()
    assert [is_keyframe(data) for data in encoded(encoder, range(4))] == [True, False, False, False]
    assert is_keyframe(encoder.encode(scene(4), 12_000, BIT_RATE, True))
    assert not is_keyframe(encoder.encode(scene(5), 15_000, BIT_RATE, False))


@pytest.mark.parametrize(("bit_rate", "anew"), [(BIT_RATE, False), (BIT_RATE * 105 // 100, False), (BIT_RATE * 2, True)])
def test_another_bit_rate(bit_rate: int, anew: bool) -> None:
    """The encoder begins anew, with a keyframe, where it differs by more than a tenth."""
    encoder = Vp8Encoder()
    encoded(encoder, range(3))
    assert is_keyframe(encoded(encoder, range(3, 4), bit_rate)[0]) is anew


def test_another_size() -> None:
    """The encoder begins anew."""
    encoder = Vp8Encoder()
    encoded(encoder, range(3))
    assert is_keyframe(encoder.encode(scene(3, 120, 160), 9_000, BIT_RATE, False))


def test_the_bit_rate_is_kept() -> None:
    """Pictures that are hard to encode stay near the wished rate."""
    encoder = Vp8Encoder()
    random = np.random.default_rng(1)
    sizes = []
    for number in range(90):
        picture = np.clip(scene(number).astype(int) + random.normal(0, 20, (240, 320, 1)), 0, 255).astype(np.uint8)
        sizes.append(len(encoder.encode(picture, number * CLOCK // 30, BIT_RATE, False)))
    assert 0.5 * BIT_RATE < 8 * sum(sizes[30:]) / 2 < 1.5 * BIT_RATE


def test_odd_sizes_are_cropped() -> None:
    """Video codecs need even sizes; the array need not be contiguous."""
    picture = np.zeros((101, 51, 3), np.uint8)
    assert (picture_frame(picture).width, picture_frame(picture).height) == (50, 100)
    assert (picture_frame(picture[::2, ::-1]).width, picture_frame(picture[::2, ::-1]).height) == (50, 50)
