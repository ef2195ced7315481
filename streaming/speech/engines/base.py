"""The interface between a live conversation and whatever turns sound into words.

A recogniser opens one recognition per speaker. Chunks of bytes go in with `feed`; hypotheses come out through a
`Listener`, from threads of the recogniser. Knows no engine, no network and no Django.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from streaming.audio.codecs import AudioError, Decoder
from streaming.audio.pcm import Samples

LOW_WATER_S = 4.0  # seconds: once the backlog was above this, `Listener.drained` tells when it is below it again


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is shown, punctuation included; times are seconds since the first sample fed, confidence is in [0, 1]."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was heard in one turn so far (interim), or for good (final).

    `start` and `end` are seconds since the first sample fed; `confidence` is in [0, 1]. `turn` counts from 1; a turn in
    which no words were found leaves its number unused.
    """

    text: str
    words: tuple[Word, ...]
    confidence: float
    is_final: bool
    start: float
    end: float
    turn: int


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """What one speaker asked for: the silence that ends a turn in milliseconds, the longest turn in seconds."""

    language: str = "en-US"
    interims: bool = True
    end_of_turn_ms: int = 500
    longest_turn_s: float = 12.0


class Listener(Protocol):
    """Who gets the hypotheses. Called from any thread, one call at a time per recognition; every method returns at once."""

    def hypothesis(self, h: Hypothesis) -> None:
        """Take an interim or final hypothesis; the finals of a recognition come in the order of their turns."""

    def speech_started(self, at: float) -> None:
        """Somebody began to speak, `at` seconds after the first sample fed."""

    def trouble(self, error: AudioError) -> None:
        """A chunk could not be decoded and was refused; the recognition lives on."""

    def drained(self) -> None:
        """The backlog had been above `LOW_WATER_S` and is below it again."""

    def finished(self) -> None:
        """Called exactly once, after `stop()`, when the last final was delivered."""


class Recognition(ABC):
    """One speaker being heard. Every method may be called from any thread and returns at once."""

    @abstractmethod
    def feed(self, chunk: bytes) -> None:
        """Append a chunk in the decoder's encoding. Ignored after `stop` or `abandon`."""

    @abstractmethod
    def switch(self, decoder: Decoder) -> None:
        """Decode the chunks that are fed from now on with another decoder."""

    @abstractmethod
    def stop(self) -> None:
        """Hear what was fed to its end, deliver the last final, then call `Listener.finished`."""

    @abstractmethod
    def abandon(self) -> None:
        """Drop everything. When this returns, the listener is not called any more."""

    @property
    @abstractmethod
    def backlog(self) -> float:
        """Seconds of sound that were fed and are neither through pause detection nor, as a final, decoded."""

    @property
    def full(self) -> bool:
        """Whether so many bytes wait that the caller must wait before it feeds more, however little audio they may hold."""
        return False

    @property
    @abstractmethod
    def fed(self) -> float:
        """Seconds of sound that were fed so far: where in the recognition's time the next chunk will be. About right."""


class Recogniser(ABC):
    """An engine that serves all recognitions of the process."""

    name: str
    languages: tuple[str, ...]

    @abstractmethod
    def load(self) -> None:
        """Read the models and start the threads; blocks for seconds. Raises RecogniserError with the reason in words."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Tell whether `load` has ended well and `close` was not called."""

    @abstractmethod
    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        """Begin to hear one speaker. Raises RecogniserError while the recogniser is not ready."""

    @abstractmethod
    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return the words of one stretch of sound, shape (n,), float32 at 16 kHz, up to about 30 s.

        It should hold speech: noise may read as a word.

        `voiced` are the stretches of speech in it, in seconds, by which words get their times; not `thorough` is sooner and less exact.
        Blocks; any thread. Raises RecogniserError while the recogniser is not ready.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop the threads. What is still being heard is dropped; nothing is called back after this."""


class RecogniserError(RuntimeError):
    """The recogniser cannot work: a model is missing or broken, or it was not loaded."""
