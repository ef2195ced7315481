"""Text to speech for handlers, with a voice that is installed on this machine, sentence by sentence."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings

from streaming.aio.executors import TTS_THREADS
from streaming.tts.base import Engine, EngineFinder, Speech, SpeechOptions, VoiceError
from streaming.tts.piper import Piper
from streaming.tts.programs import ESPEAK, FLITE

ENGINES: dict[str, EngineFinder] = {"piper": Piper(), "flite": FLITE, "espeak-ng": ESPEAK}
"""The supported engines, the best one first."""
FOLDER = "voices"
"""Folder in DATA_DIR/models for voice files of the installation."""

_SENTENCES = re.compile(r"(?<=[.!?…])\s+")
_PAUSE = 7
"""Between two sentences there is 1/7 s of silence, as in FastRTC."""


@dataclass
class KokoroTTSOptions:
    """Options of speech, under FastRTC's names.

    Attributes:
        voice: a voice of the engine (of flite: kal, kal16, awb, rms, slt); any other name selects its default.
        speed: factor of the normal speed, 0.5 to 2.
        lang: such as "en-us"; for engines with several languages.
    """

    voice: str = "af_heart"
    speed: float = 1.0
    lang: str = "en-us"


class TextToSpeech:
    """Synthesises speech as (rate, float32 array of shape (n,)), which handlers can yield as it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tts(self, text: str, options: KokoroTTSOptions | None = None) -> Speech:
        """Return a whole text as audio; blocks. Raises VoiceError, or ValueError for a speed out of range."""
        parts = list(self.stream_tts_sync(text, options))
        if not parts:
            return 16_000, np.zeros(0, dtype=np.float32)
        return parts[0][0], np.concatenate([samples for _, samples in parts])

    def stream_tts_sync(self, text: str, options: KokoroTTSOptions | None = None) -> Iterator[Speech]:
        """Yield a text as audio, sentence by sentence, so that the first one plays while the next one is synthesised; blocks."""
        speech_options = _speech_options(options)
        for number, sentence in enumerate(sentences(text)):
            yield self._synthesise(sentence, speech_options, number)

    async def stream_tts(self, text: str, options: KokoroTTSOptions | None = None) -> AsyncIterator[Speech]:
        """Yield a text as audio, sentence by sentence, each synthesised in a thread."""
        speech_options = _speech_options(options)
        for number, sentence in enumerate(sentences(text)):
            yield await TTS_THREADS.run(self._synthesise, sentence, speech_options, number)

    def _synthesise(self, sentence: str, options: SpeechOptions, number: int) -> Speech:
        rate, samples = self._engine.synthesise(sentence, options)
        return rate, np.concatenate((np.zeros(rate // _PAUSE, dtype=np.float32), samples)) if number else samples


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without unprintable characters and without sentences that hold no letter or digit."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return [sentence for sentence in _SENTENCES.split(plain.strip()) if any(sign.isalnum() for sign in sentence)]


@lru_cache
def get_tts_model(model: str = "kokoro", **options: str) -> TextToSpeech:
    """Return a voice of this installation.

    Args:
        model: "kokoro", FastRTC's name, selects the best installed engine; "piper", "flite" and "espeak-ng" select that engine.
        options: accepted for compatibility with FastRTC; they have no effect.

    Raises VoiceError, which says how to install a voice, if none is installed; ValueError for an unknown name.
    """
    if model == "cartesia":
        raise ValueError("cartesia is an outside service: use its own package in your handler, with async_aggregate_bytes_to_16bit")
    if model not in ("kokoro", *ENGINES):
        raise ValueError(f"model must be one of kokoro, {', '.join(ENGINES)}, not {model!r}")
    wanted = ENGINES if model == "kokoro" else {model: ENGINES[model]}
    for finder in wanted.values():
        engine = finder.find(settings.DATA_DIR / "models" / FOLDER)
        if engine is not None:
            return TextToSpeech(engine)
    raise VoiceError("no voice is installed here: " + ", or ".join(finder.hint for finder in wanted.values()))


def _speech_options(options: KokoroTTSOptions | None) -> SpeechOptions:
    options = options or KokoroTTSOptions()
    return SpeechOptions(options.voice, options.speed, options.lang)
