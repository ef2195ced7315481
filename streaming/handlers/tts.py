"""Text to speech for handlers, with voices that are installed on this machine or a class of the developer, sentence by sentence."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

import numpy as np
from django.conf import settings

from streaming.aio.executors import TTS_THREADS
from streaming.handlers.cartesia import Cartesia
from streaming.handlers.context import Warning, current_session
from streaming.tts.base import Engine, EngineFinder, Speech, SpeechOptions, VoiceError, checked, primary
from streaming.tts.espeak_library import Espeak
from streaming.tts.kokoro import KokoroFinder
from streaming.tts.piper import Piper
from streaming.tts.programs import FLITE
from streaming.types.class_path import is_class_path, load_class

ENGINES: dict[str, EngineFinder] = {"kokoro-82m": KokoroFinder(), "piper": Piper(), "flite": FLITE, "espeak-ng": Espeak()}
"""The supported engines, the best one first."""
FOLDER = "voices"
"""Folder in DATA_DIR/models for voice files of the installation."""
KOKORO_LANGUAGES = {"b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br", "z": "zh"}
"""The language of a voice of Kokoro, by the first letter of its name; the second letter is "f" or "m"."""

Options = TypeVar("Options", contravariant=True)

_DEFAULT_LANGUAGE = "en-us"
_KOKORO_VOICE = re.compile(r"([a-z])([fm])_\w+")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+")
_PAUSE = 7
"""Between two sentences there is 1/7 s of silence, as in FastRTC."""
_AUDIBLE = 0.003  # amplitude: -50 dB
_LEAD_S = 0.01
_COMMA = re.compile(r"(?<=[,;:])\s+")
_LONG, _SHORTEST = 40, 10  # characters: of a sentence that is cut, and before the cut
_MOST_WARNED = 1000

_warned: set[tuple[UUID | None, str]] = set()
"""Sessions, and languages about which their clients were warned."""


class TTSOptions:
    """The base of FastRTC's options, for classes that derive from it."""


@dataclass
class KokoroTTSOptions(TTSOptions):
    """Options of speech, under FastRTC's names.

    Attributes:
        voice: a voice of the engine (of flite: kal, kal16, awb, rms, slt; of Piper: the name of its file), or one of Kokoro's names, which
            selects a female or male voice where the engine has both, and its language where `lang` is the default; any other name selects
            the default voice.
        speed: factor of the normal speed, 0.5 to 2.
        lang: such as "en-us" or "de": the best installed voice of that language speaks. Without one the client gets a warning, and the
            best voice of another language speaks.
    """

    voice: str = "af_heart"
    speed: float = 1.0
    lang: str = _DEFAULT_LANGUAGE


class TTSModel(Protocol[Options]):
    """What FastRTC calls a model of speech. A class of `get_tts_model("package:Class")` needs only the first method, which blocks."""

    def tts(self, text: str, options: Options | None = None) -> Speech:
        """Return a text as (rate, array)."""
        ...

    def stream_tts(self, text: str, options: Options | None = None) -> AsyncIterator[Speech]:
        """Yield a text in parts."""
        ...

    def stream_tts_sync(self, text: str, options: Options | None = None) -> Iterator[Speech]:
        """Yield a text in parts; blocks."""
        ...


class TextToSpeech:
    """Synthesises speech as (rate, float32 array of shape (n,)), which handlers can yield as it is.

    Of several engines, the first one that has the language speaks.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        self.engines = tuple(engines)

    def tts(self, text: str, options: KokoroTTSOptions | None = None) -> Speech:
        """Return a whole text as audio; blocks. Raises VoiceError, or ValueError for a speed out of range."""
        return joined(self.stream_tts_sync(text, options))

    def stream_tts_sync(self, text: str, options: KokoroTTSOptions | None = None) -> Iterator[Speech]:
        """Yield a text as audio, sentence by sentence, so that the first one plays while the next one is synthesised; blocks."""
        speech_options = _speech_options(options)
        engine = self._engine_of(speech_options.language)
        for number, sentence in enumerate(pieces(text, engine)):
            yield after_pause(engine.synthesise(sentence, speech_options), number)

    async def stream_tts(self, text: str, options: KokoroTTSOptions | None = None) -> AsyncIterator[Speech]:
        """Yield a text as audio, sentence by sentence, each synthesised in a thread."""
        speech_options = _speech_options(options)
        engine = self._engine_of(speech_options.language)
        for number, sentence in enumerate(pieces(text, engine)):
            yield after_pause(await TTS_THREADS.run(engine.synthesise, sentence, speech_options), number)

    def _engine_of(self, language: str) -> Engine:
        """Return the engine for a language; without one warn the client, once in a session for each language, and return the first."""
        engine = next((engine for engine in self.engines if engine.speaks(language)), None)
        if engine is not None:
            return engine
        current = current_session.get()
        warned = (current.context.session_id if current is not None else None, primary(language))
        if warned not in _warned:
            if len(_warned) >= _MOST_WARNED:
                _warned.clear()
            _warned.add(warned)
            Warning(f"no voice for the language {language} is installed here: another one speaks ({Espeak.hint})")
        return self.engines[0]


class OwnVoice(TextToSpeech):
    """A model of the developer's with FastRTC's methods; those that it lacks are made of `tts`. `model` is the developer's object.

    The options are passed on as they are.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(())
        self.model = model

    def tts(self, text: str, options: Any = None) -> Speech:
        return self._checked(self.model.tts(text, options), "tts")

    def stream_tts_sync(self, text: str, options: Any = None) -> Iterator[Speech]:
        if hasattr(self.model, "stream_tts_sync"):
            for part in self.model.stream_tts_sync(text, options):
                yield self._checked(part, "stream_tts_sync")
            return
        for number, sentence in enumerate(sentences(text)):
            yield after_pause(self.tts(sentence, options), number)

    async def stream_tts(self, text: str, options: Any = None) -> AsyncIterator[Speech]:
        if hasattr(self.model, "stream_tts"):
            async for part in self.model.stream_tts(text, options):
                yield self._checked(part, "stream_tts")
            return
        for number, sentence in enumerate(sentences(text)):
            yield after_pause(await TTS_THREADS.run(self.tts, sentence, options), number)

    def _checked(self, speech: Any, method: str) -> Speech:
        return checked(speech, f"{type(self.model).__name__}.{method}")


class OwnEngine:
    """An engine of the developer's with one method, `synthesise`; it is taken to speak every language unless it has `speaks`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def speaks(self, language: str) -> bool:
        """Return whether the engine has the language."""
        return not hasattr(self._engine, "speaks") or bool(self._engine.speaks(language))

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio. Raises what the engine raises, and VoiceError for anything but audio."""
        return checked(self._engine.synthesise(text, options), f"{type(self._engine).__name__}.synthesise")


def joined(parts: Iterator[Speech]) -> Speech:
    """Return the parts of a text as one audio."""
    found = list(parts)
    if not found:
        return 16_000, np.zeros(0, dtype=np.float32)
    return found[0][0], np.concatenate([samples for _, samples in found])


def after_pause(speech: Speech, number: int) -> Speech:
    """Return a sentence, counted from 0, after the silence that separates it from the previous one.

    The first sentence begins at once: the silence that engines begin with (Flite: 0.2 s) is left out but for `_LEAD_S`.
    """
    rate, samples = speech
    if number:
        return rate, np.concatenate((np.zeros(rate // _PAUSE, dtype=np.float32), samples))
    audible = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    return rate, samples[max(0, int(audible[0]) - int(_LEAD_S * rate)) :] if len(audible) else samples


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without unprintable characters and without sentences that hold no letter or digit."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return [sentence for sentence in _SENTENCES.split(plain.strip()) if any(sign.isalnum() for sign in sentence)]


def pieces(text: str, engine: Engine) -> list[str]:
    """Return the sentences of a text. For a slow engine the first one ends at a comma, if it is long, so that its audio begins early."""
    found = sentences(text)
    if not found or not getattr(engine, "is_slow", False) or len(found[0]) <= _LONG:
        return found
    comma = _COMMA.search(found[0], _SHORTEST)
    return found if comma is None else [found[0][: comma.start()], found[0][comma.end() :], *found[1:]]


@lru_cache
def get_tts_model(model: str = "kokoro", **options: Any) -> TextToSpeech:
    """Return the voices of this installation, or one of your own. Each combination of arguments gives one object per process.

    Args:
        model: "kokoro", FastRTC's name, selects all installed engines, the best one for each language; "kokoro-82m", "piper", "flite"
            and "espeak-ng" select that engine; "cartesia" calls that service, through its own package, with `cartesia_api_key`. Or the
            path of a class, `package.module:Class`, with `synthesise(text, options)` (see `streaming.tts.base.Engine`) or FastRTC's
            `tts(text, options)` (see `TTSModel`).
        options: keyword arguments of that class; for another model accepted for compatibility with FastRTC, without effect.

    Raises VoiceError, which says how to install a voice, if none is installed; ValueError for an unknown name, or a class that cannot be
    used; TypeError for options that it does not take.
    """
    if is_class_path(model):
        return _own(model, options)
    if model == "cartesia":
        return OwnVoice(Cartesia(**options))
    if model not in ("kokoro", *ENGINES):
        names = ", ".join(("kokoro", *ENGINES, "cartesia"))
        raise ValueError(f"model must be one of {names}, or the path of a class, such as package.module:Class, not {model!r}")
    wanted = ENGINES if model == "kokoro" else {model: ENGINES[model]}
    folder = settings.DATA_DIR / "models" / FOLDER
    found = [engine for finder in wanted.values() if (engine := finder.find(folder)) is not None]
    if not found:
        raise VoiceError("no voice is installed here: " + ", or ".join(finder.hint for finder in wanted.values()))
    return TextToSpeech(found)


def _own(path: str, options: Mapping[str, object]) -> TextToSpeech:
    """Return the voice of a class. Raises ValueError if it lacks its method."""
    found = load_class(path)
    if callable(getattr(found, "synthesise", None)):
        return TextToSpeech((OwnEngine(found(**options)),))
    if callable(getattr(found, "tts", None)):
        return OwnVoice(found(**options))
    needed = "synthesise(text, options) or tts(text, options)"
    raise ValueError(f"the class {found.__name__} lacks {needed} -> (rate, array) (see streaming.tts.base.Engine)")


def _speech_options(options: KokoroTTSOptions | None) -> SpeechOptions:
    options = options or KokoroTTSOptions()
    named = _KOKORO_VOICE.fullmatch(options.voice)
    if named is None:
        return SpeechOptions(options.voice, options.speed, options.lang)
    of_voice = KOKORO_LANGUAGES.get(named[1], options.lang)
    language = of_voice if options.lang == _DEFAULT_LANGUAGE else options.lang
    sex: Literal["f", "m"] = "f" if named[2] == "f" else "m"
    return SpeechOptions(options.voice, options.speed, language, sex)
