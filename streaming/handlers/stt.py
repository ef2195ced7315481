"""Words for handlers: the recogniser of this installation, for one stretch of sound at a time."""

from functools import lru_cache

import numpy as np

from streaming import recogniser
from streaming.audio.convert import Audio, audio_to_float32, mono
from streaming.audio.pcm import RATE, Samples
from streaming.audio.rates import Converter
from streaming.speech.split_turns import turns_of

MODELS = ("moonshine/base", "moonshine/tiny")
LONGEST_S = 20.0
"""Longer sound is read turn by turn."""


class SpeechToText:
    """Reads sound aloud, so to speak. Blocks while it works: call it from synchronous handlers, or in a thread."""

    def stt(self, audio: Audio) -> str:
        """Return the words of (rate, array), int16 or float32 of shape (n,) or (1, n); empty where none are found.

        It should hold speech, as turns do: noise may read as a word.

        Raises RecogniserError while the recogniser cannot be loaded.
        """
        engine = recogniser.begin_loading().result()
        sound = at_16_khz(audio)
        parts = [sound] if len(sound) <= LONGEST_S * RATE else turns_of(sound)
        words = (word.text for part in parts for word in engine.transcribe(part))
        return " ".join(words)

    def stt_for_chunks(self, audio: Audio, chunks: list[dict[str, int]]) -> str:
        """Return the words of some stretches of the sound, given by their `start` and `end` in samples."""
        rate, samples = audio[0], np.asarray(audio[1]).reshape(-1)
        texts = (self.stt((rate, samples[chunk["start"] : chunk["end"]])) for chunk in chunks)
        return " ".join(text for text in texts if text)


def at_16_khz(audio: Audio) -> Samples:
    """Return sound as float32 of shape (n,) at 16 kHz."""
    rate, samples = audio
    converter = Converter(RATE)
    heard = converter.push(mono(rate, np.asarray(samples)), rate)
    return audio_to_float32(np.concatenate((heard, converter.flush())))


@lru_cache
def get_stt_model(model: str = "moonshine/base") -> SpeechToText:
    """Return the recogniser of this installation, which a server loads as it starts.

    Nothing is loaded here, so that modules may call this where they are imported, by management commands too. FastRTC's model names are
    understood; which one reads is the installation's choice (RECOGNISER, `manage.py getmodel`). Raises ValueError for any other name.
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    return SpeechToText()
