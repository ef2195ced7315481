"""Resamples a mono stream to 16 kHz, chunk by chunk, without clicks at the edges (soxr, quality HQ)."""

import numpy as np
import soxr

from streaming.audio.pcm import RATE, Samples

EMPTY: Samples = np.zeros(0, dtype=np.float32)


class Resampler:
    """Streaming resampler from `rate` Hz to 16 kHz. It holds back a few milliseconds until `flush`."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stream = self._make()

    def _make(self) -> soxr.ResampleStream | None:
        return None if self.rate == RATE else soxr.ResampleStream(self.rate, RATE, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """Return the samples at 16 kHz that are ready; none for empty input."""
        if self._stream is None or not len(samples):
            return samples
        resampled: Samples = self._stream.resample_chunk(samples)
        return resampled

    def flush(self) -> Samples:
        """Return the samples held back; the next `push` starts a new stream."""
        if self._stream is None:
            return EMPTY
        rest: Samples = self._stream.resample_chunk(EMPTY, last=True)
        self._stream = self._make()
        return rest
