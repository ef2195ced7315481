"""Mu-law to and from 16-bit samples."""

import numpy as np

from streaming.audio import mulaw
from streaming.audio.pcm import mulaw as to_float

CODES = bytes(range(256))


def test_every_code_survives() -> None:
    """Decoding and encoding returns the same code; silence has two codes."""
    again = mulaw.encode(mulaw.decode(CODES))
    assert [code for code in range(256) if again[code] != code] == [0x7F]
    assert again[0x7F] == 0xFF


def test_the_samples_are_those_of_the_decoder() -> None:
    """The samples equal those of the decoder of our own sockets."""
    assert np.array_equal(mulaw.decode(CODES), (to_float(CODES) * 32768).astype(np.int16))


def test_the_nearest_code_is_used() -> None:
    """Each sample is within half a step of its code, and the loudest samples are clipped."""
    samples = np.arange(-32768, 32768).astype(np.int16)
    error = np.abs(mulaw.decode(mulaw.encode(samples)).astype(int) - samples.astype(int))
    step = 2.0 ** np.maximum(3, np.floor(np.log2(np.minimum(np.abs(samples.astype(int)), 32635) + 132)) - 4)
    assert (error[np.abs(samples.astype(int)) <= 32635] <= step[np.abs(samples.astype(int)) <= 32635] / 2 + 4).all()
    assert error.max() <= 32768 - 32124


def test_known_codes() -> None:
    """Silence and the ends of the scale have the codes of G.711."""
    assert mulaw.encode(np.array([0, 32767, -32768], dtype=np.int16)) == b"\xff\x80\x00"
    assert mulaw.decode(b"\xff\x80\x00").tolist() == [0, 32124, -32124]


def test_empty_input() -> None:
    """No bytes are no samples."""
    assert mulaw.encode(mulaw.decode(b"")) == b""
