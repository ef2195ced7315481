"""Sound from the client on its way to the handler: at the handler's rate, in frames of 20 ms, in the handler's shape."""

import numpy as np

from streaming.audio.rates import NO_SOUND, Converter
from streaming.engine.handlers import AudioFrame
from streaming.engine.line import LineKind, Pcm


class Framer:
    """Cuts whatever comes into frames of 20 ms at `rate`; what is left over waits for more."""

    def __init__(self, rate: int, layout: str = "mono", kind: LineKind = "webrtc") -> None:
        self.rate = rate
        self._size = max(1, rate // 50)
        self._stereo = layout == "stereo"
        self._flat = kind != "webrtc" and not self._stereo
        self._converter = Converter(rate)
        self._rest: Pcm = NO_SOUND

    def push(self, samples: Pcm, rate: int) -> list[AudioFrame]:
        """Return the frames that are complete after these samples, shape (n,), int16, at any rate."""
        pcm = self._converter.push(samples, rate)
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
