"""Resamples mono int16 audio from any rate to one rate, block by block, keeping the filter's state.

libswresample delays audio by less than a millisecond, while soxr's streams return blocks of 30 ms and more, so this module is for live
audio. `resample.py` is for recognition, where the delay does not matter.
"""

import av
import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

NO_SOUND: Pcm = np.zeros(0, dtype=np.int16)


class Converter:
    """Converts blocks of any rate to `rate` (Hz): n milliseconds in, n milliseconds out."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._from = rate
        self._resampler: av.AudioResampler | None = None
        self._fresh = False

    def push(self, samples: Pcm, rate: int) -> Pcm:
        """Return the samples, shape (n,), at the target rate. Samples still in the filter come with the next block."""
        if rate == self._from and self._resampler is None:
            return samples
        held = NO_SOUND
        if rate != self._from:
            held = self.flush()
            self._from, self._fresh = rate, True
            self._resampler = None if rate == self.rate else av.AudioResampler(format="s16", layout="mono", rate=self.rate)
        if self._resampler is not None and len(samples):
            samples = self._converted(self._resampler, samples, rate)
        return np.concatenate((held, samples)) if len(held) else samples

    def flush(self) -> Pcm:
        """Return the samples in the filter; the next block starts with a new filter."""
        resampler, self._resampler, self._from = self._resampler, None, self.rate
        if resampler is None or self._fresh:
            return NO_SOUND
        return _joined(resampler.resample(None))

    def _converted(self, resampler: av.AudioResampler, samples: Pcm, rate: int) -> Pcm:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate
        converted = _joined(resampler.resample(frame))
        if self._fresh:  # pad the filter's delay with silence in front, or else blocks of 20 ms would always wait for the next one
            self._fresh = False
            missing = len(samples) * self.rate // rate - len(converted)
            converted = np.concatenate((np.zeros(max(0, missing), dtype=np.int16), converted))
        return converted


def _joined(frames: list[av.AudioFrame]) -> Pcm:
    blocks: list[Pcm] = [frame.to_ndarray().reshape(-1).view(np.int16) for frame in frames]
    if not blocks:
        return NO_SOUND
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
