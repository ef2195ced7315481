"""One mono stream from any rate to 16 kHz, chunk by chunk, without clicks at the edges (soxr, quality HQ)."""

import numpy as np
import soxr

from streaming.audio.pcm import RATE, Samples

EMPTY: Samples = np.zeros(0, dtype=np.float32)


class Resampler:
    """Streaming resampler from `rate` Hz to 16 kHz; holds a few milliseconds back until `flush`."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stream = self._make()

    def _make(self) -> soxr.ResampleStream | None:
        return None if self.rate == RATE else soxr.ResampleStream(self.rate, RATE, 1, dtype="float32", quality="HQ")

    def push(self, samples: Samples) -> Samples:
        """Return what is ready at 16 kHz after these samples; empty in, empty out."""
        if self._stream is None or not len(samples):
            return samples
        resampled: Samples = self._stream.resample_chunk(samples)
        return resampled

    def flush(self) -> Samples:
        """Return what was held back; the next `push` begins a new stream."""
        if self._stream is None:
            return EMPTY
        rest: Samples = self._stream.resample_chunk(EMPTY, last=True)
        self._stream = self._make()
        return rest
