"""The interface of a speech engine.

A recogniser opens one recognition per speaker. `feed` takes chunks of bytes; results come out through a `Listener`, called from
threads of the recogniser. Independent of any engine, the network and Django.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streaming.audio.codecs import AudioError, Decoder
from streaming.audio.pcm import Samples
from streaming.speech.end_of_turn import LATEST_MS, EndOfTurnModel

LOW_BACKLOG_S = 4.0  # `Listener.backlog_low` is called when the backlog falls from above this to below it


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its punctuation; times are seconds since the first sample fed, `confidence` is in [0, 1]."""

    text: str
    start: float
    end: float
    confidence: float


INTERIM_MS = 320
"""Milliseconds of speech between two interims of a turn, if nothing else is wanted."""
AUTO = "auto"
"""The language of a recognition that finds the language itself."""


@dataclass(frozen=True, slots=True)
class FoundLanguage:
    """The language that an engine found in an audio source: its code, and whether the engine keeps to it from now on."""

    code: str
    is_settled: bool


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """The interim or final result of one turn.

    `start` and `end` are seconds since the first sample fed; `confidence` is in [0, 1]. `turn` counts from 1; the number of a turn
    without words is skipped. `language`: None if the language was given. `translation`: the final text in English, if it was wanted.
    """

    text: str
    words: tuple[Word, ...]
    confidence: float
    is_final: bool
    start: float
    end: float
    turn: int
    language: FoundLanguage | None = None
    translation: str = ""


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """Options of one audio source: the language (or AUTO), whether interims are wanted, the silence that ends a turn and the longest turn.

    With `end_of_turn`, that model decides from the words of a live turn which silence ends it, at most `longest_pause_ms`; without words it
    is `end_of_turn_ms`.

    `live` is false for a file: its audio comes as fast as it is taken, several of its turns are decoded at once, and a pause in the
    feeding ends no turn. Turns of a file that end within its first `known_s` seconds are not decoded: their results are known already.
    `interim_ms`: milliseconds of speech between two interims of a turn, at least, but for the first words.
    `translate`: finals have a translation into English, too, where the engine can make one.
    """

    language: str = "en-US"
    interims: bool = True
    end_of_turn_ms: int = 500
    longest_turn_s: float = 12.0
    live: bool = True
    known_s: float = 0.0
    translate: bool = False
    end_of_turn: EndOfTurnModel | None = None
    longest_pause_ms: int = LATEST_MS
    interim_ms: int = INTERIM_MS


class Listener(Protocol):
    """Receives the results. Called from any thread, one call at a time per recognition; every method must return at once."""

    def recognised(self, result: RecognitionResult) -> None:
        """Receive an interim or final result; the finals of a recognition come in the order of their turns."""

    def speech_started(self, at: float) -> None:
        """Speech started, `at` seconds after the first sample fed."""

    def audio_error(self, error: AudioError) -> None:
        """A chunk could not be decoded and was dropped; the recognition continues."""

    def backlog_low(self) -> None:
        """The backlog was above `LOW_BACKLOG_S` and is below it again."""

    def finished(self) -> None:
        """The last final was delivered. Called exactly once, after `stop()`."""


class Recognition(ABC):
    """The recognition of one speaker. Every method may be called from any thread and returns at once."""

    @abstractmethod
    def feed(self, chunk: bytes) -> None:
        """Append a chunk in the decoder's encoding. Ignored after `stop` or `abandon`."""

    @abstractmethod
    def switch(self, decoder: Decoder) -> None:
        """Decode chunks fed from now on with another decoder."""

    @abstractmethod
    def stop(self) -> None:
        """Process all audio that was fed, deliver the last final, then call `Listener.finished`."""

    @abstractmethod
    def abandon(self) -> None:
        """Drop everything. The listener is not called after this returns."""

    @property
    @abstractmethod
    def backlog(self) -> float:
        """Seconds of audio that were fed and still wait for the VAD or, as part of a final, for decoding."""

    @property
    def full(self) -> bool:
        """Whether the caller must wait before feeding more because too many bytes wait, even if they hold little audio."""
        return False

    @property
    def settled(self) -> float:
        """Seconds of audio before which no further result starts; infinite if the engine does not know."""
        return float("inf")

    @property
    @abstractmethod
    def fed(self) -> float:
        """Seconds of audio fed so far, which is the start time of the next chunk. Approximate while bytes wait to be decoded."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What every speech engine is made with.

    Args:
        threads: number of threads that decode speech (RECOGNISER_THREADS).
        models_dir: folder of downloaded models, `DATA_DIR/models`.
        script: file of the scripted recogniser (RECOGNISER_SCRIPT).
    """

    threads: int
    models_dir: Path
    script: str = ""


class Recogniser(ABC):
    """A speech engine that serves all recognitions of the process. It is made with `EngineOptions` as its only argument."""

    model: str = "no model"
    """What was loaded, for the log."""
    languages: tuple[str, ...]
    """Language codes that a client may ask for, such as `en-US`; `de` stands for all regions. AUTO, if the engine finds the language."""
    more_languages: str = ""
    """How this installation gets more languages, for the error about one that it does not know; empty: it cannot."""

    @abstractmethod
    def load(self) -> None:
        """Load the models and start the threads; blocks for seconds. Raises RecogniserError with the reason."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether `load` has succeeded and `close` was not called."""

    @abstractmethod
    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        """Open a recognition of one speaker. Raises RecogniserError if the recogniser is not ready."""

    @abstractmethod
    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return the words of one block of audio, shape (n,), float32 at 16 kHz, up to about 30 s.

        The audio should contain speech: noise may be recognised as a word. Blocks; may be called from any thread. Raises
        RecogniserError if the recogniser is not ready.

        Args:
            pcm: the audio.
            voiced: its speech segments in seconds, from which words get their times.
            thorough: False is faster and less accurate.
        """

    def guess(self, pcm: Samples) -> tuple[str, ...]:
        """Return the likeliest words of a short block of audio, also where `transcribe` returns none because they are improbable.

        For listening to a few expected words. An engine need not override it.
        """
        return tuple(word.text for word in self.transcribe(pcm))

    @abstractmethod
    def close(self) -> None:
        """Stop the threads and drop all open recognitions; no listener is called after this."""


class RecogniserError(RuntimeError):
    """The recogniser cannot be used: a model is missing or invalid, or the recogniser is not loaded."""
