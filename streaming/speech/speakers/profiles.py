"""Finds the enrolled voices among the speakers of a conversation.

The evidence of the PLDA model that two voices are one depends on the voices: some are like many others. It is therefore compared with the
evidence for made-up voices (symmetric score normalisation, "s-norm": Shum et al., "Unsupervised speaker adaptation based on the cosine
similarity for text-independent speaker verification", 2010; with the most similar ones only, as in Matejka et al., 2017).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from streaming.speech.speakers.clustering import Clusters, Evidence, Floats
from streaming.speech.speakers.memory import Sums
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import ProfileMatch, SpeakerModels, Vectors

IDENTIFIED_S = 1.8
"""Seconds of speech from which a voice is compared with enrolled ones. A turn of three seconds often has no more without its pauses."""
_SIMILAR = 200  # made-up voices with which a voice is compared: the most similar ones
_LEAST_PROBABILITY = 0.5
_TEMPERATURE = 0.5  # by which likeness is divided to get probabilities
_ENROLLED_S = 10.0  # seconds of speech for which a profile counts


class ProfileScore(NamedTuple):
    """How much more alike a speaker and an enrolled voice are than each of them is to similar made-up voices, in standard deviations."""

    likeness: float
    speaker: int
    key: str


class _Usual(NamedTuple):
    """Mean and standard deviation of the evidence between a voice and the made-up voices that are most similar to it."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, evidence: Floats) -> "_Usual":
        """Return those of each row, shape (voices, made-up voices)."""
        similar = np.sort(evidence, axis=-1)[..., -_SIMILAR:]
        return cls(similar.mean(axis=-1), np.maximum(similar.std(axis=-1), 1e-6))


class EnrolledVoices:
    """Enrolled voices, ready to be compared with speakers. Making it takes about a millisecond for each voice.

    Args:
        vectors: the vector of each profile by its key, shape (dimensions,).
        models: the models that computed them.
        tuning: thresholds.
    """

    def __init__(self, vectors: Mapping[str, Vectors], models: SpeakerModels, tuning: Tuning | None = None) -> None:
        self.keys = tuple(vectors)
        self._vectors, self._models = dict(vectors), models
        self._tuning = tuning = tuning or Tuning()
        self._evidence = Evidence(models.between, common=tuning.common_noise)
        precision = tuning.precision(_ENROLLED_S)
        rows = np.stack([np.asarray(one, dtype=np.float64) for one in vectors.values()]) if vectors else np.zeros((0, len(models.between)))
        self._enrolled = Clusters(np.full(len(rows), precision), rows * precision)
        usual = [self._to_made_up(Clusters(np.array([precision]), row[None] * precision)) for row in rows]
        self._usual = _Usual.of(np.stack(usual)) if usual else _Usual(np.zeros(0), np.ones(0))

    def __len__(self) -> int:
        return len(self.keys)

    def kept(self, keys: Collection[str]) -> "EnrolledVoices":
        """Return these voices only."""
        left = {key: vector for key, vector in self._vectors.items() if key in keys}
        return self if len(left) == len(self) else EnrolledVoices(left, self._models, self._tuning)

    def scores(self, voices: Mapping[int, Sums]) -> list[ProfileScore]:
        """Return the likeness of each pair of a speaker and an enrolled voice, the largest first."""
        found = []
        for speaker, sums in voices.items() if self.keys else ():
            one = Clusters(np.array([sums.precision]), sums.vector[None])
            evidence, usual = self._evidence.of_merging(one, self._enrolled), _Usual.of(self._to_made_up(one))
            likeness = ((evidence - usual.mean) / usual.deviation + (evidence - self._usual.mean) / self._usual.deviation) / 2
            found += [ProfileScore(float(score), speaker, key) for score, key in zip(likeness, self.keys, strict=True)]
        return sorted(found, reverse=True)

    def match(self, voices: Mapping[int, Sums]) -> dict[int, ProfileMatch]:
        """Return the profile of each voice that has one, the most probable first; each profile is given once."""
        found: dict[int, ProfileMatch] = {}
        used: set[str] = set()
        for likeness, speaker, key in self.scores(voices):
            probability = 1.0 / (1.0 + float(np.exp(min(50.0, (self._tuning.same_voice - likeness) / _TEMPERATURE))))
            if probability >= _LEAST_PROBABILITY and speaker not in found and key not in used:
                found[speaker] = ProfileMatch(key, probability)
                used.add(key)
        return found

    def _to_made_up(self, one: Clusters) -> Floats:
        return self._evidence.of_merging(one, _made_up(self._models, self._tuning.precision(_ENROLLED_S)))


_prepared: WeakKeyDictionary[SpeakerModels, dict[float, Clusters]] = WeakKeyDictionary()
"""The made-up voices of models by their precision, once for all sessions of a process."""


def _made_up(models: SpeakerModels, precision: float) -> Clusters:
    """Return the made-up voices, as if they were enrolled."""
    known = _prepared.setdefault(models, {})
    if precision not in known:
        vectors = models.made_up.astype(np.float64)
        known[precision] = Clusters(np.full(len(vectors), precision), vectors * precision)
    return known[precision]


def profile_vector(parts: Sequence[tuple[Vectors, float]], tuning: Tuning) -> Vectors:
    """Return the vector of a profile, shape (dimensions,), from the vectors of its recordings and their seconds of speech."""
    weights = np.array([tuning.precision(seconds) for _, seconds in parts])
    mean: Vectors = np.average(np.stack([vector for vector, _ in parts]), axis=0, weights=weights).astype(np.float32)
    return mean


def least_agreement(samples: Sequence[Sums], between: NDArray[np.float32]) -> float:
    """Return the evidence that recordings are of one voice, of the two that agree least."""
    evidence = Evidence(between, common=Tuning().common_noise)
    clusters = [Clusters(np.array([one.precision]), one.vector[None]) for one in samples]
    pairs = [(one, other) for place, one in enumerate(clusters) for other in clusters[:place]]
    return min((float(evidence.of_merging(one, other)[0]) for one, other in pairs), default=float("inf"))
