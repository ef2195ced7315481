"""Small real models, as another author may write them: touch tones (DTMF) to digits and back; and classes that lack a part."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from streaming.audio.convert import Audio
from streaming.tts.base import Speech, SpeechOptions

RATE = 8000
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = ("123", "456", "789", "*0#")
TONE_S = 0.1


class TouchToneDecoder:
    """Returns the digits of touch tones, separated by blanks. `separator` is an option of `get_stt_model`."""

    def __init__(self, separator: str = " ") -> None:
        self.separator = separator
        self.calls = 0

    def stt(self, audio: Audio) -> str:
        """Return the digits of (rate, array)."""
        self.calls += 1
        rate, samples = audio
        flat, size = np.asarray(samples, dtype=np.float64).reshape(-1), round(TONE_S * rate)
        blocks = (flat[at : at + size] for at in range(0, len(flat) - size + 1, size))
        return self.separator.join(_key(block, rate) for block in blocks if np.abs(block).max() > 0)


class TouchToneEngine:
    """Synthesises digits as touch tones; it knows the language "en" only."""

    def speaks(self, language: str) -> bool:
        """Return whether it is English."""
        return language.startswith("en")

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return the tones of all digits of a text."""
        tones = [_tone(sign) for sign in text if sign.isdigit()]
        return RATE, np.concatenate(tones).astype(np.float32)


class TouchToneVoice:
    """The same with FastRTC's method; what it returns is int16 of shape (1, n)."""

    def tts(self, text: str, options: Any = None) -> Any:
        """Return the tones; `options` may be an amplitude."""
        rate, samples = TouchToneEngine().synthesise(text, SpeechOptions())
        return rate, (samples * (options or 1.0) * 20_000).astype(np.int16).reshape(1, -1)


class StreamingVoice(TouchToneVoice):
    """One that streams by itself, digit by digit."""

    def stream_tts_sync(self, text: str, options: Any = None) -> Iterator[Any]:
        """Yield each digit."""
        yield from (self.tts(sign, options) for sign in text if sign.isdigit())


class WrongVoice:
    """One that returns no audio."""

    def synthesise(self, text: str, options: SpeechOptions) -> Any:
        """Return the text."""
        return text


class WrongDecoder:
    """One that returns no text."""

    def stt(self, audio: Audio) -> Any:
        """Return the rate."""
        return audio[0]


class AsyncDecoder:
    """One whose method is a coroutine function."""

    async def stt(self, audio: Audio) -> str:
        """Return nothing."""
        return ""


class Unrelated:
    """A class without any of the methods."""


def _tone(sign: str) -> Any:
    row = next(number for number, keys in enumerate(KEYS) if sign in keys)
    times = np.arange(round(TONE_S * RATE)) / RATE
    return 0.4 * (np.sin(2 * np.pi * LOW[row] * times) + np.sin(2 * np.pi * HIGH[KEYS[row].index(sign)] * times))


def _key(block: Any, rate: int) -> str:
    power = np.abs(np.fft.rfft(block))

    def strongest(pitches: tuple[int, ...]) -> int:
        return int(np.argmax([power[round(pitch * len(block) / rate)] for pitch in pitches]))

    return KEYS[strongest(LOW)][strongest(HIGH)]
