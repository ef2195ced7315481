"""Audio from the client to the handler: resampled to the handler's rate, cut into frames of 20 ms, in the handler's array shape."""

from collections.abc import Callable

import numpy as np

from streaming.audio.rates import NO_SOUND, Converter
from streaming.handlers.stream_handlers import AudioFrame
from streaming.sessions.silence_buffer import AudioBlock, SilenceBuffer, samples_of
from streaming.types.client_connection import Pcm, TransportKind

__all__ = ["AudioInput", "AudioBlock"]


class AudioInput:
    """Converts audio blocks of any length to frames of 20 ms at `rate`; a remainder is kept for the next frame.

    With `is_idle`, silence may be held back (`silence_buffer.py`), and frames have any length.
    """

    def __init__(self, rate: int, layout: str = "mono", kind: TransportKind = "webrtc", is_idle: Callable[[], bool] | None = None) -> None:
        self.rate = rate
        self._size = max(1, rate // 50)
        self._stereo = layout == "stereo"
        self._flat = kind != "webrtc" and not self._stereo
        self._converter = Converter(rate)
        self._rest: Pcm = NO_SOUND
        self._silence_buffer = SilenceBuffer(is_idle) if is_idle is not None else None

    @property
    def silent(self) -> bool:
        """Whether the audio has been inaudible for a while, and the handler is idle."""
        return self._silence_buffer is not None and self._silence_buffer.silent

    @property
    def received_s(self) -> float:
        """Seconds of audio received so far; counted only with `is_idle`."""
        return self._silence_buffer.received_s if self._silence_buffer is not None else 0.0

    def push(self, block: AudioBlock, rate: int) -> list[AudioFrame]:
        """Take a block, int16 of shape (n,) or mu-law bytes, at any rate; return the frames that it completes."""
        if not len(block):  # an empty block would stay in the silence buffer, and so would any number of them
            return []
        if self._silence_buffer is not None:
            due = [self._converter.push(samples_of(held), its_rate) for held, its_rate in self._silence_buffer.push(block, rate)]
            return [(self.rate, self._shaped(due[0] if len(due) == 1 else np.concatenate(due)))] if due else []
        pcm = self._converter.push(samples_of(block), rate)
        if len(self._rest):
            pcm = np.concatenate((self._rest, pcm))
        elif len(pcm) == self._size:  # the usual case
            return [(self.rate, self._shaped(pcm))]
        whole = len(pcm) - len(pcm) % self._size
        self._rest = pcm[whole:]
        return [(self.rate, self._shaped(pcm[at : at + self._size])) for at in range(0, whole, self._size)]

    def _shaped(self, frame: Pcm) -> Pcm:
        if self._flat:
            return frame
        if self._stereo:
            frame = np.repeat(frame, 2)
        return frame.reshape(1, -1)
