"""The log-mel spectrogram that Whisper takes, as its authors define it (Radford et al., "Robust Speech Recognition via Large-Scale Weak
Supervision", 2022, and the code published with it): 80 mel bands, windows of 25 ms each 10 ms."""

import math

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples

BANDS = 80
_WINDOW = 400
HOP = 160
"""Samples of one column: 10 ms."""

_LINEAR_HZ = 200 / 3  # width of a mel below 1 kHz on the scale of Slaney
_BREAK_HZ = 1000.0
_LOG_STEP = math.log(6.4) / 27  # above it, 27 mels for a factor of 6.4
_FLOOR = 1e-10
_RANGE = 8.0  # powers of ten below the loudest value that are kept


def _mel_filters() -> NDArray[np.float32]:
    """Return triangular filters of shape (BANDS, 201), each of unit area."""
    top = _BREAK_HZ / _LINEAR_HZ + math.log(RATE / 2 / _BREAK_HZ) / _LOG_STEP
    mels = np.linspace(0.0, top, BANDS + 2)
    linear = mels * _LINEAR_HZ
    edges = np.where(linear < _BREAK_HZ, linear, _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_HZ / _LINEAR_HZ)))
    bins = np.linspace(0.0, RATE / 2, _WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: NDArray[np.float32] = (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
    return filters


_FILTERS = _mel_filters()
_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


def log_mel(pcm: Samples, columns: int) -> NDArray[np.float32]:
    """Return the spectrogram of audio, shape (BANDS, columns), about -1 to 1.

    `pcm` is float32 of shape (n,) at 16 kHz. It is padded with silence, or cut, to `columns` windows.
    """
    padded = np.zeros(columns * HOP, dtype=np.float32)
    padded[: min(len(pcm), len(padded))] = pcm[: len(padded)]
    framed = np.lib.stride_tricks.sliding_window_view(np.pad(padded, _WINDOW // 2, mode="reflect"), _WINDOW)[::HOP][:columns]
    power = np.abs(np.fft.rfft(framed * _HANN, axis=1)) ** 2
    logs = np.log10(np.maximum(_FILTERS @ power.T.astype(np.float32), _FLOOR))
    result: NDArray[np.float32] = ((np.maximum(logs, logs.max() - _RANGE) + 4.0) / 4.0).astype(np.float32)
    return result
