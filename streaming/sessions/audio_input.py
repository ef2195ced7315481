"""Sound from the client on its way to the handler: at the handler's rate, in frames of 20 ms, in the handler's shape."""

from collections.abc import Callable

import numpy as np

from streaming.audio.rates import NO_SOUND, Converter
from streaming.handlers.stream_handlers import AudioFrame
from streaming.sessions.silence_buffer import SilenceBuffer, TranscriptUpdate, samples_of
from streaming.types.client_connection import Pcm, TransportKind

__all__ = ["AudioInput", "TranscriptUpdate"]


class AudioInput:
    """Cuts whatever comes into frames of 20 ms at `rate`; what is left over waits for more.

    With `at_rest` silence may wait (doze.py), and frames have any length.
    """

    def __init__(self, rate: int, layout: str = "mono", kind: TransportKind = "webrtc", at_rest: Callable[[], bool] | None = None) -> None:
        self.rate = rate
        self._size = max(1, rate // 50)
        self._stereo = layout == "stereo"
        self._flat = kind != "webrtc" and not self._stereo
        self._converter = Converter(rate)
        self._rest: Pcm = NO_SOUND
        self._doze = SilenceBuffer(at_rest) if at_rest is not None else None

    @property
    def silent(self) -> bool:
        """Whether nothing that came for a while could be heard, nor matters."""
        return self._doze is not None and self._doze.silent

    @property
    def heard_s(self) -> float:
        """How much sound came so far, in seconds; counted with `at_rest` only."""
        return self._doze.heard_s if self._doze is not None else 0.0

    def push(self, block: TranscriptUpdate, rate: int) -> list[AudioFrame]:
        """Return the frames that are complete after these samples, int16 of shape (n,) or mu-law bytes, at any rate."""
        if not len(block):  # it would wait for ever, and so would any number of them
            return []
        if self._doze is not None:
            due = [self._converter.push(samples_of(held), its_rate) for held, its_rate in self._doze.push(block, rate)]
            return [(self.rate, self._shaped(due[0] if len(due) == 1 else np.concatenate(due)))] if due else []
        pcm = self._converter.push(samples_of(block), rate)
        if len(self._rest):
            pcm = np.concatenate((self._rest, pcm))
        elif len(pcm) == self._size:  # what clients send, nearly always
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
