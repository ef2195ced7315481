"""The enrolment of voices for the pages. `streaming`, which has the speaker models, registers the function that does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from insights.voice_vectors import VoiceVector


class SampleProblem(StrEnum):
    """Why samples cannot be used."""

    OFF = "off"
    """The speaker models are switched off or cannot be loaded."""
    FORMAT = "format"
    """A sample is no 16-bit mono PCM at 16 kHz, or too long; or a recording is no audio file that can be used."""
    SHORT = "short"
    """A sample has too little speech."""
    SEVERAL = "several"
    """More than one voice speaks in a sample."""
    DIFFERENT = "different"
    """The samples are not of one voice."""


class EnrolmentRefused(Exception):
    """The voice cannot be enrolled; `sample` is the place of the sample that is the reason, from 0, None if it is all of them.

    `detail`: why a file cannot be used, for people; empty for everything else.
    """

    def __init__(self, problem: SampleProblem, sample: int | None = None, detail: str = "") -> None:
        super().__init__(f"{problem}" if sample is None else f"{problem}, sample {sample}")
        self.problem = problem
        self.sample = sample
        self.detail = detail


@dataclass(frozen=True, slots=True)
class EnrolledVoice:
    """The vectors of one voice, and the speaker models that computed them."""

    vectors: tuple[VoiceVector, ...]
    model: str

    @property
    def seconds(self) -> float:
        """Seconds of speech of all vectors."""
        return sum(one.seconds for one in self.vectors)


class Enroller(Protocol):
    """Computes voice vectors. Takes CPU time; any thread without an event loop."""

    def from_samples(self, samples: Sequence[bytes]) -> EnrolledVoice:
        """Return the voice that reads sentences: each sample is LINEAR16, mono, 16 kHz. Raises EnrolmentRefused."""

    def from_recording(self, content: bytes) -> EnrolledVoice:
        """Return the voice of the one person in an audio file of at most 90 seconds. Raises EnrolmentRefused."""

    def from_state(self, state: bytes) -> Mapping[int, EnrolledVoice]:
        """Return the voices of an audio source by their numbers, from the state of its diarization. Raises EnrolmentRefused."""


_enrollers: list[Enroller] = []


def register(enroller: Enroller) -> None:
    """Make `enroller` the one that computes voice vectors."""
    _enrollers[:] = [enroller]


def from_samples(samples: Sequence[bytes]) -> EnrolledVoice:
    """Return the voice that reads sentences, as `Enroller.from_samples`."""
    return _enroller().from_samples(samples)


def from_recording(content: bytes) -> EnrolledVoice:
    """Return the voice of the one person in an audio file, as `Enroller.from_recording`."""
    return _enroller().from_recording(content)


def from_state(state: bytes) -> Mapping[int, EnrolledVoice]:
    """Return the voices of an audio source, as `Enroller.from_state`."""
    return _enroller().from_state(state)


def _enroller() -> Enroller:
    if not _enrollers:
        raise EnrolmentRefused(SampleProblem.OFF)
    return _enrollers[0]
