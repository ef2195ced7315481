"""Converts LINEAR16 and mu-law bytes to float32 samples, one chunk to one block, without state. Pure numpy."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""A block of mono audio, shape (n,), in [-1, 1]."""

RATE = 16_000
"""Sample rate in Hz of all audio after decoding."""


class AudioError(ValueError):
    """Audio or a parameter that cannot be decoded. The text is sent to the client; it names the field and what is allowed."""


def _mulaw_table() -> Samples:
    """Return the float sample of each of the 256 mu-law codes (ITU-T G.711: inverted bits, sign, 3 bits exponent, 4 bits mantissa)."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) * 8 + 0x84) << (code >> 4 & 7)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768).astype(np.float32)


_MULAW = _mulaw_table()


def linear16(chunk: bytes) -> Samples:
    """Return the samples of signed 16-bit little-endian mono bytes. Raises AudioError for an odd number of bytes."""
    if len(chunk) % 2:
        raise AudioError(f"audio: a LINEAR16 chunk must hold an even number of bytes (2 per sample), this one has {len(chunk)}")
    samples = np.frombuffer(chunk, dtype="<i2").astype(np.float32)
    samples *= np.float32(1 / 32768)
    return samples


def mulaw(chunk: bytes) -> Samples:
    """Return the samples of 8-bit mu-law bytes, one per sample."""
    return _MULAW[np.frombuffer(chunk, dtype=np.uint8)]


UNPACKERS: dict[str, Callable[[bytes], Samples]] = {"LINEAR16": linear16, "MULAW": mulaw}
BYTES_PER_SAMPLE = {"LINEAR16": 2, "MULAW": 1}
