"""Log mel filter bank features as Kaldi computes them, which speaker models are trained with: 80 values per 10 ms. Pure numpy."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples

BANDS = 80
FRAME, STEP = 400, 160  # samples
STEP_S = STEP / RATE

_FFT = 512
_LOWEST_HZ = 20.0
_PRE_EMPHASIS = np.float32(0.97)
_FLOOR = np.float32(np.finfo(np.float32).eps)


def fbank(samples: Samples) -> NDArray[np.float32]:
    """Return the features of a clip, shape (frames, 80), with the mean of each band over the clip subtracted."""
    if len(samples) < FRAME:
        samples = np.pad(samples, (0, FRAME - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples * np.float32(32768), FRAME)[::STEP].astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    first = frames[:, :1] * (1 - _PRE_EMPHASIS)
    emphasised = np.concatenate((first, frames[:, 1:] - _PRE_EMPHASIS * frames[:, :-1]), axis=1)
    spectrum = np.fft.rfft(emphasised * _window(), _FFT, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2)[:, :-1].astype(np.float32)
    features = np.log(np.maximum(power @ _filters(), _FLOOR))
    centred: NDArray[np.float32] = features - features.mean(axis=0)
    return centred


@cache
def _window() -> NDArray[np.float32]:
    """Return the Hamming window."""
    return np.hamming(FRAME).astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Return the weights of the triangular filters, equally spaced on the mel scale, shape (256, 80)."""
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(RATE / 2), BANDS + 2)
    bins = _mel(np.arange(_FFT // 2) * (RATE / _FFT))[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    weights: NDArray[np.float32] = np.maximum(0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))).astype(
        np.float32
    )
    return weights


def _mel(hertz: float | NDArray[np.floating]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0)
