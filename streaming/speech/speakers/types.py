"""The types of speaker diarization, and the interface of the models that it needs. Times are seconds on the clock of the audio source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import Samples

Vectors = NDArray[np.float32]
"""Voice vectors, shape (n, dimensions)."""

Columns = NDArray[np.float32]
"""Values of the embedding network, shape (values, columns); their distance in time is that of `vectors`."""

Regions = Sequence[tuple[float, float]]
"""Parts [start, end) of a clip, in seconds from its start."""


@dataclass(frozen=True, slots=True)
class SpeakerSpan:
    """Speech of one speaker.

    `speaker` is a label from 0 in the order of appearance. `overlap`: others speak at the same time, and have spans of their own.
    `confidence` in [0, 1] is the probability that the label is right rather than that of another known speaker or of a new one.
    """

    start_s: float
    end_s: float
    speaker: int
    overlap: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class TurnSpeakers:
    """The spans of a turn, in order of their start, and earlier spans whose label changed, with their new label."""

    spans: tuple[SpeakerSpan, ...]
    revised: tuple[SpeakerSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileMatch:
    """The enrolled voice that a speaker has: its key, and the probability in [0, 1] that the voice is the same."""

    key: str
    probability: float


class SpeakerModels(Protocol):
    """The models. Loaded once per process; every method may be called from any number of threads at the same time.

    The vectors are scaled such that those of one speaker vary around the speaker's mean with variance 1 in each dimension, and the
    means of speakers vary around 0 with the variances `between`. `made_up` are vectors of voices that nobody has, distributed as those of
    many speakers: enrolled voices are compared with them.
    """

    between: NDArray[np.float32]
    made_up: Vectors

    def segment(self, window: Samples) -> NDArray[np.float32]:
        """Return the probability of each of at most three local speakers per frame, shape (frames, 3), at most 10 s of audio."""

    def columns(self, clip: Samples) -> Columns:
        """Return the values from which the voice vectors of any parts of a clip are computed; nearly all of the cost is here."""

    def vectors(self, columns: Columns, parts: Sequence[Regions]) -> Vectors:
        """Return one voice vector for each list of regions of the clip."""


FRAME_STEP_S = 0.016875
"""Distance of the frames of `SpeakerModels.segment`."""

FRAME_S = 0.0619375
"""Duration of such a frame."""

WINDOW_S = 10.0
"""Longest window of `SpeakerModels.segment`."""
