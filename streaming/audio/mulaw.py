"""Mu-law (ITU-T G.711) to and from 16-bit samples, with one table look-up per sample."""

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""Mono audio, shape (n,)."""

RATE = 8_000
"""The sample rate of telephones, in Hz; mu-law works with any other rate too."""

_BIAS = 0x84
_LOUDEST = 32_635


def _decoding_table() -> Pcm:
    """Return the sample of each of the 256 codes: inverted bits, a sign bit, 3 bits of exponent, 4 bits of mantissa."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) * 8 + _BIAS) << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encoding_table() -> NDArray[np.uint8]:
    """Return the code of each of the 65536 samples, indexed by the sample as an unsigned number."""
    sample = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _LOUDEST) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = magnitude >> (exponent + 3) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    code: NDArray[np.uint8] = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)
    return code


_DECODED = _decoding_table()
_ROOTS = bytes(np.rint(np.sqrt(np.abs(_DECODED.astype(np.int32))) * 1.4).astype(np.uint8))
"""The square root of each code's absolute sample, scaled to fit into a byte."""
_ENCODED = _encoding_table()


def decode(data: bytes) -> Pcm:
    """Return the int16 samples of mu-law bytes, one per byte."""
    return _DECODED.take(np.frombuffer(data, dtype=np.uint8))


def loudness(data: bytes) -> float:
    """Return approximately the mean absolute sample, without decoding; 0 for no bytes."""
    return (sum(data.translate(_ROOTS)) / 1.4 / len(data)) ** 2 if data else 0.0


def encode(samples: Pcm) -> bytes:
    """Return the mu-law bytes of int16 samples, one per sample."""
    return _ENCODED.take(samples.view(np.uint16)).tobytes()
