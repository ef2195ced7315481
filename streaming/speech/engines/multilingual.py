"""The embedded recogniser: Moonshine for English; Whisper for other languages, if `manage.py getmodel whisper-base` installed it."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from streaming.audio.pcm import RATE, Samples
from streaming.speech.engines import whisper
from streaming.speech.engines.base import AUTO, EngineOptions, FoundLanguage, RecogniserError, RecognitionOptions
from streaming.speech.engines.moonshine import LANGUAGES, MoonshineRecogniser
from streaming.speech.engines.whisper import Encoded, Whisper
from streaming.speech.transcript import Transcriber, Transcript

log = logging.getLogger(__name__)

_ENGLISH = "en"
_SURE = 0.9  # probability of a language from which on it is settled
_LEAST_S = 1.0  # of audio before a language is settled
_ENOUGH_S = 6.0  # of audio after which the most probable language is settled
FINAL_BEAMS = 3  # for a fifth more CPU time than with one, fewer word errors; measured, see docs/develop/languages.md
_COMMAND = "manage.py getmodel whisper-base"


class LanguageEvidence:
    """Finds the language of one audio source from its first turns. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._weights: dict[str, float] = {}
        self.found: FoundLanguage | None = None
        """The language so far; None before any audio."""

    def guess(self, probabilities: Mapping[str, float], seconds: float) -> FoundLanguage:
        """Return the language after so many seconds of further audio with these probabilities, which are not added."""
        with self._lock:
            return self._best(probabilities, seconds)

    def add(self, probabilities: Mapping[str, float], seconds: float) -> FoundLanguage:
        """Add the probabilities of a turn; return the language. Once it is settled, it stays."""
        with self._lock:
            if self.found is None or not self.found.is_settled:
                self.found = self._best(probabilities, seconds)
                self._weights = self._with(probabilities, seconds)
                self._seconds += seconds
            return self.found

    def _best(self, probabilities: Mapping[str, float], seconds: float) -> FoundLanguage:
        weights, total = self._with(probabilities, seconds), self._seconds + seconds
        code = max(weights, key=lambda one: weights[one])
        sure = weights[code] >= _SURE * total and total >= _LEAST_S
        return FoundLanguage(code, sure or total >= _ENOUGH_S)

    def _with(self, probabilities: Mapping[str, float], seconds: float) -> dict[str, float]:
        return {code: self._weights.get(code, 0.0) + probability * seconds for code, probability in probabilities.items()}


class WhisperTurns:
    """Decodes the turns of one audio source in a given language, which is not English."""

    def __init__(self, model: Whisper, language: str, *, translate: bool) -> None:
        self._model, self._language, self._translate = model, language, translate

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words, and the translation if it is wanted."""
        return self.decode(self._model.encode(pcm), is_final=True)

    def interim(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words."""
        return self.decode(self._model.encode(pcm), is_final=False)

    def decode(self, encoded: Encoded, *, is_final: bool) -> Transcript:
        """Return the words of encoded audio."""
        transcript = self._model.transcribe(encoded, self._language, beams=FINAL_BEAMS if is_final else 1)
        if not (is_final and self._translate) or not transcript.words:
            return transcript
        return replace(transcript, translation=self._model.translate(encoded, self._language))


class AnyLanguageTurns:
    """Decodes the turns of one audio source whose language is found on the way. English ones are decoded by `english`."""

    def __init__(self, model: Whisper, english: Transcriber, *, translate: bool) -> None:
        self._model, self._english, self._translate = model, english, translate
        self._evidence = LanguageEvidence()

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words and the language, which this turn counts for."""
        return self._decode(pcm, draft, is_final=True)

    def interim(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words and the language so far."""
        return self._decode(pcm, draft, is_final=False)

    def _decode(self, pcm: Samples, draft: Sequence[int], *, is_final: bool) -> Transcript:
        found, encoded = self._evidence.found, None
        if found is None or not found.is_settled:
            encoded = self._model.encode(pcm)
            take = self._evidence.add if is_final else self._evidence.guess
            found = take(self._model.languages_of(encoded), len(pcm) / RATE)
        if found.code == _ENGLISH:
            decode = self._english.final if is_final else self._english.interim
            return replace(decode(pcm, draft), language=found)
        turns = WhisperTurns(self._model, found.code, translate=self._translate)
        encoded = self._model.encode(pcm) if encoded is None else encoded
        transcript = turns.decode(encoded, is_final=is_final)
        return replace(transcript, language=found)


class MultilingualRecogniser(MoonshineRecogniser):
    """Moonshine for English, Whisper for other languages and for finding the language, if it is installed."""

    languages: tuple[str, ...] = LANGUAGES
    more_languages = f"{_COMMAND} adds 98 languages and {AUTO!r}"
    _whisper: Whisper | None = None

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(options)
        self.languages = LANGUAGES

    def load_model(self) -> None:
        super().load_model()
        if not whisper.is_installed(self.options.models_dir):
            return
        try:
            self._whisper = Whisper(self.options.models_dir / whisper.FOLDER, self.options.threads)
        except RecogniserError as error:  # English works without it
            log.error("languages other than English cannot be recognised: %s", error)
            self.more_languages = str(error)
            return
        self.languages = (*LANGUAGES, AUTO, *(code for code in self._whisper.languages if code != _ENGLISH))
        self.more_languages = ""
        self.model += ", whisper-base for other languages"

    def transcriber(self, options: RecognitionOptions) -> Transcriber:
        code = options.language.partition("-")[0].lower()
        if self._whisper is None or code == _ENGLISH:
            return self
        if code == AUTO:
            return AnyLanguageTurns(self._whisper, self, translate=options.translate)
        return WhisperTurns(self._whisper, code, translate=options.translate)
