"""Speech to text for handlers: the recogniser of this installation, or a model of the developer, on complete pieces of audio."""

import inspect
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from django.conf import settings

from streaming import recogniser
from streaming.audio.convert import Audio, audio_to_float32, mono
from streaming.audio.pcm import RATE, Samples
from streaming.audio.rates import Converter
from streaming.handlers.early_text import Expected, current_turn
from streaming.speech import engines
from streaming.speech.engines.base import Recogniser
from streaming.speech.turn_detector import split_turns
from streaming.types.class_path import is_class_path, load_class

MODELS = ("moonshine/base", "moonshine/tiny")
LONGEST_S = 20.0
"""Longer audio, in seconds, is split into turns first."""


class STTModel(Protocol):
    """What a class of `get_stt_model("package:Class")` needs: one blocking method, which may be called from several threads."""

    def stt(self, audio: Audio) -> str:
        """Return the text of (rate, array), int16 or float32 of shape (n,) or (1, n); empty if there are no words."""
        ...


class SpeechToText:
    """Transcribes audio. The methods block: call them from synchronous handlers, or in a thread."""

    decodes_early = True
    """Whether a turn may be decoded before its end is certain, so that the text is there at its end."""

    def stt(self, audio: Audio) -> str:
        """Return the text of (rate, array), int16 or float32 of shape (n,) or (1, n); empty if there are no words.

        The audio should hold speech, as turns do: noise may be recognised as a word. The turn of a `ReplyOnPause` was usually decoded
        during the pause before its end; then its text is returned at once.

        Raises RecogniserError if the recogniser cannot be loaded.
        """
        turn = current_turn.get()
        early = turn.text_of(audio[1], self) if turn is not None else None
        return self.decode(audio) if early is None else early

    def stt_for_chunks(self, audio: Audio, chunks: list[dict[str, int]]) -> str:
        """Return the text of some segments of the audio, given by their `start` and `end` in samples."""
        rate, samples = audio[0], np.asarray(audio[1]).reshape(-1)
        texts = (self.stt((rate, samples[chunk["start"] : chunk["end"]])) for chunk in chunks)
        return " ".join(text for text in texts if text)

    def decode(self, audio: Audio) -> str:
        """Return the text like `stt`, always by a decode of the audio."""
        engine = self._recogniser()
        samples = at_16_khz(audio)
        parts = [samples] if len(samples) <= LONGEST_S * RATE else split_turns(samples)
        words = (word.text for part in parts for word in engine.transcribe(part))
        return " ".join(words)

    def _recogniser(self) -> Recogniser:
        return recogniser.begin_loading().result()


class OwnRecogniser(SpeechToText):
    """A recogniser of the developer's, beside that of the installation, loaded on its first use.

    Raises ValueError like `engine_class`.
    """

    def __init__(self, path: str) -> None:
        engines.engine_class(path)  # raises now, where the name is written
        self._path = path
        self._engine: Recogniser | None = None
        self._lock = threading.Lock()

    def _recogniser(self) -> Recogniser:
        with self._lock:
            if self._engine is None:
                engine = engines.make(self._path, threads=settings.RECOGNISER_THREADS, models_dir=settings.DATA_DIR / "models")
                engine.load()
                self._engine = engine
            return self._engine


class OwnModel(SpeechToText):
    """A model of the developer's with one method, `stt`. `model` is the developer's object."""

    decodes_early = False

    def __init__(self, model: STTModel) -> None:
        self.model = model

    def decode(self, audio: Audio) -> str:
        text = self.model.stt(audio)
        if not isinstance(text, str):
            raise TypeError(f"{type(self.model).__name__}.stt must return str, not {type(text).__name__}")
        return text


def at_16_khz(audio: Audio) -> Samples:
    """Return audio as float32 of shape (n,) at 16 kHz."""
    rate, samples = audio
    converter = Converter(RATE)
    converted = converter.push(mono(rate, np.asarray(samples)), rate)
    return audio_to_float32(np.concatenate((converted, converter.flush())))


def _expected(model: SpeechToText) -> SpeechToText:
    """Return a model, and let the first turns be decoded early with it."""
    Expected.model = model
    return model


@lru_cache
def get_stt_model(model: str = "moonshine/base", **options: Any) -> SpeechToText:
    """Return the recogniser of this installation, which a server loads at its start, or a model of your own.

    This loads nothing of ours, so that modules may call it at import, also in management commands. Each combination of arguments gives
    one object per process.

    Args:
        model: one of FastRTC's names: the installation decides which model is used (RECOGNISER, `manage.py getmodel`). Or the path of
            a class, `package.module:Class`: one with `stt(audio) -> str` (see `STTModel`), or a recogniser as for RECOGNISER.
        options: keyword arguments of that class, if it has `stt`.

    Raises ValueError for any other name, or a class that cannot be used, TypeError for options that it does not take.
    """
    if not is_class_path(model):
        if model not in MODELS:
            raise ValueError(
                f"model must be one of {', '.join(MODELS)}, or the path of a class, such as package.module:Class, not {model!r}"
            )
        if options:
            raise TypeError(f"the options {', '.join(sorted(options))} are for a class of your own; {model} takes none")
        return _expected(SpeechToText())
    found = load_class(model)
    method: Callable[..., Any] | None = getattr(found, "stt", None)
    if method is None and hasattr(found, "transcribe"):
        if options:
            raise TypeError(f"a recogniser takes no options; {model} got {', '.join(sorted(options))}")
        return _expected(OwnRecogniser(model))
    if not callable(method):
        raise ValueError(f"the class {found.__name__} lacks stt(audio) -> str (see streaming.handlers.stt.STTModel)")
    if inspect.iscoroutinefunction(method):
        raise ValueError(f"{found.__name__}.stt must be a plain method, no coroutine function: it is called in a thread")
    return OwnModel(found(**options))
