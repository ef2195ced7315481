"""Cheap features of the sound before a pause: pitch, loudness and length of the last syllable. Numpy only, below 2 ms of CPU.

They are measured beside the words by `python -m tests.bench.pauses`; the decision about the end of a turn does not use them.
"""

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples

NAMES = (
    "pitch slope",
    "last pitch",
    "loudness slope",
    "last loudness",
    "last voiced stretch",
    "voiced share",
)
"""The features, in the order in which `prosody` returns them: semitones each second over the last 0.3 s of pitch; the last pitch in
semitones from the median; decibels each second over the last 0.3 s; the last loudness in decibels from the median; seconds of the last
stretch with a pitch; the share of the last 0.3 s that has one."""

_HALF = RATE // 2  # Hz: enough for the pitch
_WINDOW, _HOP = 320, 160  # samples of 40 and 20 ms at that rate
_SECONDS = 2.0  # of speech that are looked at
_LAST = 15  # windows: 0.3 s
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 400.0
_PERIODIC = 0.45  # share of the energy that repeats itself, from which a window has a pitch
_SILENT_DB = 25.0  # below the loudest window: no speech

Numbers = NDArray[np.float64]


def prosody(pcm: Samples) -> Numbers:
    """Return the features of speech that is followed by silence, shape (6,). `pcm` is float32 of shape (n,) at 16 kHz."""
    speech = np.asarray(pcm[-int((_SECONDS + 0.5) * RATE) :], dtype=np.float32)
    half = speech[: len(speech) // 2 * 2].reshape(-1, 2).mean(axis=1)
    if len(half) < 2 * _WINDOW:
        return np.zeros(len(NAMES))
    windows = np.lib.stride_tricks.sliding_window_view(half, _WINDOW)[::_HOP]
    loudness = 10 * np.log10(np.mean(windows**2, axis=1) + 1e-10)
    last = int(np.flatnonzero(loudness > loudness.max() - _SILENT_DB)[-1]) + 1
    windows, loudness = windows[:last], loudness[:last].astype(np.float64)
    pitch, periodic = _pitch(windows)
    periodic &= loudness > loudness.max() - _SILENT_DB
    tones = 12 * np.log2(pitch / 100.0)
    known = np.flatnonzero(periodic)
    if not len(known):
        return np.array([0.0, 0.0, _slope(loudness[-_LAST:]), loudness[-1] - np.median(loudness), 0.0, 0.0])
    near = known[known >= known[-1] - _LAST]
    return np.array(
        [
            _slope(tones[near], near),
            float(np.median(tones[near[-3:]]) - np.median(tones[known])),
            _slope(loudness[-_LAST:]),
            float(np.mean(loudness[-3:]) - np.median(loudness)),
            _last_stretch(periodic) * _HOP / _HALF,
            float(np.mean(periodic[-_LAST:])),
        ]
    )


def _pitch(windows: NDArray[np.float32]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the pitch of each window in Hz, by autocorrelation, and whether it has one."""
    centred = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(_WINDOW).astype(np.float32)
    spectrum = np.fft.rfft(centred, 2 * _WINDOW, axis=1)
    repeated = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)
    shortest, longest = int(_HALF / _HIGHEST_HZ), int(_HALF / _LOWEST_HZ)
    lags = repeated[:, shortest : longest + 1] / (repeated[:, :1] + 1e-10)
    lags = lags / (1 - np.arange(shortest, longest + 1) / _WINDOW)  # fewer samples overlap at longer lags
    best = np.argmax(lags, axis=1)
    return _HALF / (shortest + best.astype(np.float64)), lags[np.arange(len(lags)), best] > _PERIODIC


def _slope(values: Numbers, at: NDArray[np.int64] | None = None) -> float:
    """Return the least-squares slope, each second."""
    if len(values) < 3:
        return 0.0
    times = (np.arange(len(values)) if at is None else at) * (_HOP / _HALF)
    centred = times - times.mean()
    return float(centred @ (values - values.mean()) / (centred @ centred))


def _last_stretch(periodic: NDArray[np.bool_]) -> int:
    """Return the number of windows of the last stretch with a pitch."""
    last = int(np.flatnonzero(periodic)[-1])
    before = np.flatnonzero(~periodic[:last])
    return last - (int(before[-1]) if len(before) else -1)
