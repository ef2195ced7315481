"""The messages between a worker and its speech process. Both run the same code, so the messages are pickled."""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from streaming.speech.engines.base import RecognitionOptions, RecognitionResult


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """What `engines.make` takes for the recogniser, and the path of the class of the speaker models."""

    recogniser: str
    threads: int
    models_dir: Path
    script: str
    speaker_models: str


@dataclass(frozen=True, slots=True)
class Open:
    """Open a recognition under a number that the worker chose."""

    number: int
    options: RecognitionOptions


@dataclass(frozen=True, slots=True)
class Feed:
    """Audio of a recognition: int16, mono, at 16 kHz. `fed_s`: seconds of all of it so far."""

    number: int
    samples: bytes
    fed_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The audio of a recognition ends."""

    number: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody waits for the results of a recognition any more."""

    number: int


@dataclass(frozen=True, slots=True)
class SpeechCall:
    """Call a method of the recogniser, or of the speaker models, which are loaded for the first one."""

    number: int
    of_speaker_models: bool
    method: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The recogniser is loaded: its languages, and how the installation gets more."""

    languages: tuple[str, ...]
    more_languages: str
    model: str


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The recogniser cannot be loaded."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecognitionState:
    """Where a recognition is: `fed_s` seconds have arrived; the rest as the properties of `Recognition`."""

    number: int
    fed_s: float
    backlog: float
    settled: float
    is_full: bool


@dataclass(frozen=True, slots=True)
class Recognised:
    """A final result."""

    number: int
    result: RecognitionResult


@dataclass(frozen=True, slots=True)
class Finished:
    """All audio of a recognition is transcribed."""

    number: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What a call returned; `error`: the type of the exception that it raised, in its place."""

    number: int
    value: Any
    error: str = ""


Request: TypeAlias = Open | Feed | Stop | Abandon | SpeechCall
Answer: TypeAlias = Loaded | LoadFailed | RecognitionState | Recognised | Finished | Returned
Channel: TypeAlias = Connection
"""A socket that carries messages in both directions."""
