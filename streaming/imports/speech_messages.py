"""The messages between a worker and its speech process. Both run the same code, so the messages are pickled."""

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import Samples
from streaming.speech.engines.base import RecognitionOptions, RecognitionResult, Word
from streaming.speech.speakers.types import Columns, Regions, Vectors

Value = TypeVar("Value")


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
class MethodCall(Generic[Value]):
    """A call of one method of the recogniser or of the speaker models, which returns a `Value`. The subclasses name the method."""


@dataclass(frozen=True, slots=True)
class Transcribe(MethodCall[tuple[Word, ...]]):
    """`Recogniser.transcribe`."""

    pcm: Samples
    voiced: tuple[tuple[float, float], ...]
    thorough: bool


@dataclass(frozen=True, slots=True)
class LoadSpeakerModels(MethodCall[tuple[NDArray[np.float32], Vectors]]):
    """Load the speaker models and return their `between` and `made_up`."""


@dataclass(frozen=True, slots=True)
class SegmentSpeech(MethodCall[NDArray[np.float32]]):
    """`SpeakerModels.segment`."""

    window: Samples


@dataclass(frozen=True, slots=True)
class ComputeColumns(MethodCall[Columns]):
    """`SpeakerModels.columns`."""

    clip: Samples


@dataclass(frozen=True, slots=True)
class ComputeVectors(MethodCall[Vectors]):
    """`SpeakerModels.vectors`."""

    columns: Columns
    parts: tuple[Regions, ...]


AnyMethodCall: TypeAlias = Transcribe | LoadSpeakerModels | SegmentSpeech | ComputeColumns | ComputeVectors


@dataclass(frozen=True, slots=True)
class SpeechCall:
    """Call a method; the answer is `Returned` or `CallFailed` of the same number."""

    number: int
    method: AnyMethodCall


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
    """What a call returned: the value that its `MethodCall` names."""

    number: int
    value: object


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call raised an exception of the type `error`."""

    number: int
    error: str


Request: TypeAlias = Open | Feed | Stop | Abandon | SpeechCall
Answer: TypeAlias = Loaded | LoadFailed | RecognitionState | Recognised | Finished | Returned | CallFailed
Channel: TypeAlias = Connection
"""A socket that carries messages in both directions."""
