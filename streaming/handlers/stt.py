"""Speech to text for handlers: the recogniser of this installation, on complete pieces of audio."""

from functools import lru_cache

import numpy as np

from streaming import recogniser
from streaming.audio.convert import Audio, audio_to_float32, mono
from streaming.audio.pcm import RATE, Samples
from streaming.audio.rates import Converter
from streaming.speech.turn_detector import split_turns

MODELS = ("moonshine/base", "moonshine/tiny")
LONGEST_S = 20.0
"""Longer audio, in seconds, is split into turns first."""


class SpeechToText:
    """Transcribes audio. The methods block: call them from synchronous handlers, or in a thread."""

    def stt(self, audio: Audio) -> str:
        """Return the text of (rate, array), int16 or float32 of shape (n,) or (1, n); empty if there are no words.

        The audio should hold speech, as turns do: noise may be recognised as a word.

        Raises RecogniserError if the recogniser cannot be loaded.
        """
        engine = recogniser.begin_loading().result()
        samples = at_16_khz(audio)
        parts = [samples] if len(samples) <= LONGEST_S * RATE else split_turns(samples)
        words = (word.text for part in parts for word in engine.transcribe(part))
        return " ".join(words)

    def stt_for_chunks(self, audio: Audio, chunks: list[dict[str, int]]) -> str:
        """Return the text of some segments of the audio, given by their `start` and `end` in samples."""
        rate, samples = audio[0], np.asarray(audio[1]).reshape(-1)
        texts = (self.stt((rate, samples[chunk["start"] : chunk["end"]])) for chunk in chunks)
        return " ".join(text for text in texts if text)


def at_16_khz(audio: Audio) -> Samples:
    """Return audio as float32 of shape (n,) at 16 kHz."""
    rate, samples = audio
    converter = Converter(RATE)
    converted = converter.push(mono(rate, np.asarray(samples)), rate)
    return audio_to_float32(np.concatenate((converted, converter.flush())))


@lru_cache
def get_stt_model(model: str = "moonshine/base") -> SpeechToText:
    """Return the recogniser of this installation, which a server loads at its start.

    This loads nothing, so that modules may call it at import, also in management commands. FastRTC's model names are accepted; the
    installation decides which model is used (RECOGNISER, `manage.py getmodel`). Raises ValueError for any other name.
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    return SpeechToText()
