"""Kokoro, the neural voices of FastRTC: 41 voices in six languages, if `manage.py getmodel kokoro` installed them.

The network takes phonemes, which eSpeak NG makes of the text (the package espeakng-loader).
"""

import json
import os
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streaming.tts.base import Engine, Speech, SpeechOptions, VoiceError, primary
from streaming.tts.espeak_library import PACKAGE, Espeak, EspeakLibrary

MODEL = "kokoro"
"""Name for `getmodel`, and of the folder beside that of voice files."""
RATE = 24_000
LANGUAGES = {"en-us": "a", "en": "a", "en-gb": "b", "es": "e", "fr": "f", "hi": "h", "it": "i", "pt": "p", "pt-br": "p"}
"""The first letter of the voices of each language. Those of Japanese and Chinese are left out: eSpeak's phonemes are not theirs."""
MOST_PHONEMES = 500
STYLE = 256
"""Numbers that describe a voice, for each length of a text in phonemes."""

_MARKS = ';:,.!?—…"()“”'
_ENGLISH = {"eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "oʊ": "O", "əʊ": "Q", "dʒ": "ʤ", "tʃ": "ʧ", "ɚ": "əɹ", "ɐ": "ə"}
"""English sounds that the network knows as one sign, or by another one."""
_THREADS = 4


class Kokoro:
    """The loaded network and its voices. Calls may come from any thread."""

    is_slow = True

    def __init__(self, folder: Path, espeak: EspeakLibrary) -> None:
        self._espeak = espeak
        self._folder = folder
        try:
            self._session = _session(folder / "model.onnx")
            self._vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        except Exception as error:  # the library raises exceptions of its own class hierarchy
            raise VoiceError(f"the voices of kokoro cannot be loaded ({type(error).__name__}): manage.py getmodel kokoro") from None
        self.voices = sorted(path.stem for path in folder.glob("??_*.bin"))
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def speaks(self, language: str) -> bool:
        """Return whether there is a voice for a language."""
        return self._letter(language) is not None

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio. Raises VoiceError."""
        voice = self.voice(options)
        parts = [self._spoken(phonemes, voice, options.speed) for phonemes in self._phonemes(text, options.language)]
        return RATE, np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def voice(self, options: SpeechOptions) -> str:
        """Return the voice for options: the named one if it has the language, else the first one of the language and the sex."""
        letter = self._letter(options.language) or "a"
        of_language = [voice for voice in self.voices if voice.startswith(letter)]
        if options.voice in of_language:
            return options.voice
        preferred = [voice for voice in of_language if voice[1] == options.sex]
        return next(iter([*preferred, *of_language, *self.voices]))

    def _letter(self, language: str) -> str | None:
        code = language.replace("_", "-").lower()
        letter = LANGUAGES.get(code) or LANGUAGES.get(primary(code))
        return letter if letter is not None and any(voice.startswith(letter) for voice in self.voices) else None

    def _phonemes(self, text: str, language: str) -> list[list[int]]:
        """Return the phonemes of a text as numbers, in parts that the network accepts, without what it does not know."""
        phonemes = self._espeak.phonemes(text, language, _MARKS)
        if primary(language) == "en":
            for sounds, sign in _ENGLISH.items():
                phonemes = phonemes.replace(sounds, sign)
        known = [self._vocabulary[sign] for sign in phonemes if sign in self._vocabulary]
        return [known[at : at + MOST_PHONEMES] for at in range(0, len(known), MOST_PHONEMES)]

    def _spoken(self, phonemes: list[int], voice: str, speed: float) -> NDArray[np.float32]:
        style = self._style(voice)
        inputs = {
            "tokens": np.array([[0, *phonemes, 0]], dtype=np.int64),
            "style": style[min(len(phonemes), len(style)) - 1][None],
            "speed": np.array([speed], dtype=np.float32),
        }
        try:
            audio = self._session.run(None, inputs)[0]
        except Exception as error:  # the library raises exceptions of its own class hierarchy
            raise VoiceError(f"kokoro could not speak ({type(error).__name__})") from None
        return np.asarray(audio, dtype=np.float32).reshape(-1)

    def _style(self, voice: str) -> NDArray[np.float32]:
        with self._lock:
            if voice not in self._styles:
                self._styles[voice] = np.fromfile(self._folder / f"{voice}.bin", dtype="<f4").reshape(-1, STYLE)
            return self._styles[voice]


def _session(model: Path) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class KokoroFinder:
    """Finds the installed voices."""

    hint = "manage.py getmodel kokoro, and pip install espeakng-loader"

    def find(self, folder: Path) -> Engine | None:
        """Return the voices, or None if the model or the package that makes phonemes is not installed."""
        home = folder.parent / MODEL
        if not (home / "model.onnx").is_file() or find_spec(PACKAGE) is None:
            return None
        espeak = Espeak().find(folder)
        return Kokoro(home, espeak) if isinstance(espeak, EspeakLibrary) else None
