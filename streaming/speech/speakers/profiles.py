"""Finds the enrolled voices among the speakers of a conversation."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streaming.speech.speakers.clustering import Clusters, Evidence
from streaming.speech.speakers.memory import Sums
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import ProfileMatch, Vectors

_LEAST_PROBABILITY = 0.5
_TEMPERATURE = 5.0  # by which evidence is divided to get probabilities
_ENROLLED_S = 10.0  # seconds of speech for which a profile counts


def match_profiles(
    voices: Mapping[int, Sums], profiles: Mapping[str, Vectors], between: NDArray[np.float32], tuning: Tuning
) -> dict[int, ProfileMatch]:
    """Return the profile of each voice that has one, the most probable first; each profile is given once."""
    if not voices or not profiles:
        return {}
    evidence, keys = Evidence(between), list(profiles)
    precision = tuning.precision(_ENROLLED_S)
    enrolled = Clusters(np.full(len(keys), precision), np.stack([np.asarray(profiles[key], dtype=np.float64) for key in keys]) * precision)
    pairs = []
    for speaker, sums in voices.items():
        one = Clusters(np.array([sums.precision]), sums.vector[None])
        scores = evidence.of_merging(one, enrolled)
        pairs += [(float(score), speaker, key) for score, key in zip(scores, keys, strict=True)]
    found: dict[int, ProfileMatch] = {}
    used: set[str] = set()
    for score, speaker, key in sorted(pairs, reverse=True):
        probability = 1.0 / (1.0 + float(np.exp((tuning.same_voice - score) / _TEMPERATURE)))
        if probability >= _LEAST_PROBABILITY and speaker not in found and key not in used:
            found[speaker] = ProfileMatch(key, probability)
            used.add(key)
    return found
