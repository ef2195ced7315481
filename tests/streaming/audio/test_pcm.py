"""LINEAR16 and mu-law."""

import numpy as np
import pytest

from streaming.audio.pcm import AudioError, linear16, mulaw


def test_linear16_is_signed_little_endian() -> None:
    """The bytes 00 80 are the lowest sample, FF 7F the highest."""
    assert linear16(b"\x00\x80\x00\x00\xff\x7f").tolist() == [-1.0, 0.0, np.float32(32767 / 32768)]


def test_an_odd_number_of_bytes_is_refused() -> None:
    """The error says what is allowed and what was sent."""
    with pytest.raises(AudioError, match="LINEAR16 chunk must hold an even number of bytes.*this one has 3"):
        linear16(b"abc")


def test_mulaw_codes_of_the_standard() -> None:
    """FF and 7F are silence, 00 the lowest, 80 the highest value of G.711."""
    assert (mulaw(b"\xff\x7f\x00\x80") * 32768).tolist() == [0.0, 0.0, -32124.0, 32124.0]


def test_mulaw_is_symmetric_and_rises() -> None:
    """From 80 to FF values fall to zero; the lower half has the same values with a minus."""
    upper, lower = mulaw(bytes(range(0x80, 0x100))), mulaw(bytes(range(0x80)))
    assert np.all(np.diff(upper) < 0)
    assert np.array_equal(upper, -lower)


def test_an_empty_chunk() -> None:
    """An empty chunk is no error."""
    assert len(linear16(b"")) == len(mulaw(b"")) == 0
