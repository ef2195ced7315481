"""Audio for WebSockets that is recognised in the echo: noise without repetitions. No I/O."""

import base64
import json

import numpy as np

RATE = 8_000
FRAME = 160
"""Bytes of 20 ms of mu-law at 8 kHz."""
FRAME_S = FRAME / RATE
_PROBE = 12
"""Number of bytes that is unique within minutes of noise."""
_ZEROES = (0x7F, 0xFF)
"""Both codes mean a sample of 0, so a server may replace one by the other."""


class Noise:
    """A number of frames of mu-law noise, and the messages that carry them."""

    def __init__(self, frames: int, seed: int = 1) -> None:
        codes = np.array([code for code in range(256) if code not in _ZEROES], np.uint8)
        self.sound = np.random.default_rng(seed).choice(codes, frames * FRAME).tobytes()
        self.messages = [media(self.sound[at : at + FRAME]) for at in range(0, len(self.sound), FRAME)]


class NoiseEcho:
    """Tracks the noise as it comes back to one client, in pieces of any length."""

    def __init__(self, noise: Noise) -> None:
        self._sound = noise.sound
        self._place = 0
        self.strange = 0
        """Number of pieces that were never sent."""

    def take(self, piece: bytes) -> range:
        """Return the numbers of the frames whose end is in a piece."""
        begin = self._place if self._sound.startswith(piece, self._place) else self._sound.find(piece[:_PROBE])
        if begin < 0 or not piece:
            self.strange += 1
            return range(0)
        self._place = min(begin + len(piece), len(self._sound))
        return range(begin // FRAME, self._place // FRAME)


def media(sound: bytes) -> str:
    """Return the message that carries mu-law audio."""
    return json.dumps({"event": "media", "media": {"payload": base64.b64encode(sound).decode()}}, separators=(",", ":"))


SILENCE = media(b"\xff" * FRAME)
