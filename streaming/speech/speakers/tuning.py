"""Values of speaker diarization that were chosen on development data: docs/develop/speakers.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """How much a voice vector says, and when two voices are one.

    The vector of `s` seconds of speech is the mean of its speaker, times the root of `s / (s + fade_s)`, plus noise of variance
    `noise + short_noise / s`, plus noise of variance `common_noise` that is the same in all vectors of a cluster. Clusters are merged if
    the evidence for it is at least `merge` times their common precision, which counts as at most `most_precision`. A segment with less
    than `least_s` of undisturbed speech starts no speaker. Two local speakers of a turn have `two_locals` less evidence for being one. The
    pieces of a local speaker, of about `piece_s`, have `one_local` more, and a voice among them has at least `least_voice_s`.
    `context_s` of audio before a turn help the segmentation model. With the likeness `same_voice`, an enrolled voice is as probable as
    another one.
    """

    noise: float = 0.3
    short_noise: float = 1.2
    common_noise: float = 0.3
    fade_s: float = 0.8
    merge: float = 46.0
    most_precision: float = 0.5
    least_s: float = 0.6
    two_locals: float = 10.0
    one_local: float = 5.0
    piece_s: float = 1.0
    context_s: float = 3.0
    least_voice_s: float = 0.6
    same_voice: float = 5.5

    def precision(self, seconds: float) -> float:
        """Return the precision, in each dimension, with which so many seconds of speech determine the mean of their speaker."""
        return self._gain_squared(seconds) / self._variance(seconds) if seconds > 0 else 0.0

    def weight(self, seconds: float) -> float:
        """Return the weight of the vector of so many seconds of speech in the sum of a cluster."""
        return float(self._gain_squared(seconds) ** 0.5 / self._variance(seconds)) if seconds > 0 else 0.0

    def _gain_squared(self, seconds: float) -> float:
        return seconds / (seconds + self.fade_s)

    def _variance(self, seconds: float) -> float:
        return self.noise + self.short_noise / seconds
