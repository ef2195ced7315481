"""eSpeak NG as a library, with about a hundred languages, from the package espeakng-loader (GPL 3).

The library keeps one state per process, so calls take turns. They are short: a second of speech takes some milliseconds.
"""

import ctypes
import re
import threading
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from streaming.tts.base import Engine, Speech, SpeechOptions, VoiceError, primary
from streaming.tts.programs import ESPEAK, WORDS_PER_MINUTE

PACKAGE = "espeakng_loader"
# of speak_lib.h
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_BUFFER_MS = 200
_RATE_PARAMETER = 1
_CHARACTERS = 1
_UTF8 = 1
_IPA = 2
_OK = 0

_FLAG = re.compile(r"\([a-z-]+\)")  # the language of the sounds that follow, in a text with words of another one

_USUAL = {"en": "en-us", "zh": "cmn", "no": "nb"}
"""The library's code for a language of which it knows only regions, or another code."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    """`espeak_VOICE`; only the first three fields are read."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class EspeakLibrary:
    """The loaded library. `SpeechOptions.voice` is ignored; the language and the sex choose the voice."""

    def __init__(self, library: str, data: str) -> None:
        self._lock = threading.Lock()
        self._blocks: list[np.ndarray[Any, np.dtype[np.int16]]] = []
        self._take = _Callback(self._received)  # kept: the library holds only its address
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            raise VoiceError(f"eSpeak NG cannot be loaded ({type(error).__name__})") from None
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data.encode(), _DONT_EXIT))
        if self._rate <= 0:
            raise VoiceError("eSpeak NG cannot be loaded: its data are missing")
        self._library.espeak_SetSynthCallback(self._take)
        self.voices = self._listed()
        """The identifier of the voice of each language, by its code, such as "de" and "en-gb"."""

    def speaks(self, language: str) -> bool:
        """Return whether it has the language."""
        return self._code(language) is not None

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio. Raises VoiceError."""
        voice = self.voices[self._code(options.language) or "en-us"] + (f"+{options.sex}3" if options.sex else "")
        encoded = text.encode()
        with self._lock:
            self._blocks = []
            self._choose(voice)
            self._library.espeak_SetParameter(_RATE_PARAMETER, round(WORDS_PER_MINUTE * options.speed), 0)
            done = self._library.espeak_Synth(encoded, len(encoded) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
            blocks, self._blocks = self._blocks, []
        if done != _OK:
            raise VoiceError(f"eSpeak NG could not speak (error {done})")
        samples = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int16)
        return self._rate, samples.astype(np.float32) / np.float32(32768)

    def phonemes(self, text: str, language: str, marks: str) -> str:
        """Return the sounds of a text in the signs of the IPA; each of the `marks` in the text stays. Raises VoiceError."""
        pieces = re.split(f"([{re.escape(marks)}])", text)
        with self._lock:
            self._choose(self.voices[self._code(language) or "en-us"])
            sounds = [piece if piece and piece in marks else self._sounds(piece) for piece in pieces]
        return _FLAG.sub("", "".join(sounds)).strip()

    def _sounds(self, piece: str) -> str:
        """Return the sounds of a text without marks, with the blanks around it."""
        rest, found = ctypes.c_char_p(piece.encode()), []
        while rest.value:
            found.append((self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA) or b"").decode().strip())
        before, after = piece[:1].isspace() and piece.strip() != "", piece[-1:].isspace()
        return f"{' ' if before else ''}{' '.join(found)}{' ' if after else ''}"

    def _choose(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise VoiceError(f"eSpeak NG has no voice {voice}")

    def _received(self, samples: Any, count: int, events: Any) -> int:
        """Take a block from the library; called in the thread that called `espeak_Synth`. Returns 0: continue."""
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def _code(self, language: str) -> str | None:
        """Return the library's code for a language: with its region if there is such a voice, else without."""
        code = language.replace("_", "-").lower()
        if code in self.voices:
            return code
        short = primary(code)
        for usual in (short, _USUAL.get(short, f"{short}-{short}")):
            if usual in self.voices:
                return usual
        return next((known for known in self.voices if primary(known) == short), None)

    def _listed(self) -> dict[str, str]:
        voices, at = self._library.espeak_ListVoices(None), 0
        found: dict[str, str] = {}
        while voices[at]:
            address = voices[at].contents.languages
            if address:  # a byte for the priority, then the code, ended by zero
                code = ctypes.string_at(address + 1).decode().lower()
                found.setdefault(code, voices[at].contents.identifier.decode())
            at += 1
        return found


class Espeak:
    """Finds the library of the package, else the program."""

    hint = f"pip install espeakng-loader, or {ESPEAK.hint}"

    def find(self, folder: Path) -> Engine | None:
        """Return the engine, or None if neither the package nor the program is installed."""
        return _loaded() if find_spec(PACKAGE) is not None else ESPEAK.find(folder)


@lru_cache(maxsize=1)
def _loaded() -> EspeakLibrary:
    """Return the library, which a process may initialise only once."""
    loader: Any = import_module(PACKAGE)
    return EspeakLibrary(str(loader.get_library_path()), str(loader.get_data_path()))
