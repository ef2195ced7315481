"""Computes the voice vectors of people who enrol: from sentences that they read, a recording, or the voices of a conversation."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from insights.voice_enrolment import EnrolledVoice, EnrolmentRefused, SampleProblem
from insights.voice_vectors import VoiceVector
from streaming import speaker_models
from streaming.audio.pcm import RATE, linear16
from streaming.speech.speakers import LiveDiarizer, SpeakerModels
from streaming.speech.speakers.memory import Sums
from streaming.speech.speakers.profiles import least_agreement

LEAST_S = 1.5
"""Seconds of speech that each sentence needs."""
LEAST_TOTAL_S = 6.0
"""Seconds of speech that all sentences together need, and a voice of a conversation."""
LONGEST_S = 30.0
"""Seconds of audio of one sentence, and of one part of a recording."""
MOST_OTHERS = 0.15
"""Share of the speech of a sentence that may be of other voices."""
LEAST_AGREEMENT = 10.0
"""Evidence that two sentences are of one voice: docs/develop/speakers.md."""
_one_at_a_time = threading.Lock()
"""Requests have many threads; enrolments may use one processor, so that words come first."""


class SpeakerEnroller:
    """The enroller of this process; the models are loaded when they are first needed. The methods are those of `Enroller`.

    `decode` returns the audio of a file as LINEAR16, mono, 16 kHz, and raises EnrolmentRefused.
    """

    def __init__(self, decode: Callable[[bytes], bytes]) -> None:
        self._decode = decode

    def from_samples(self, samples: Sequence[bytes]) -> EnrolledVoice:
        """Return the voice that reads sentences. Raises EnrolmentRefused."""
        models = _models()
        with _one_at_a_time:
            voices = [_voice_of(models, sample, place) for place, sample in enumerate(samples)]
        if not voices or sum(one.seconds for one in voices) < LEAST_TOTAL_S:
            raise EnrolmentRefused(SampleProblem.SHORT)
        if least_agreement(voices, models.between) < LEAST_AGREEMENT:
            raise EnrolmentRefused(SampleProblem.DIFFERENT)
        return EnrolledVoice(tuple(_vector(one) for one in voices), speaker_models.model_name())

    def from_recording(self, content: bytes) -> EnrolledVoice:
        """Return the voice of the one person in an audio file. Raises EnrolmentRefused."""
        _models()
        audio = self._decode(content)
        parts = max(1, math.ceil(len(audio) / (2 * RATE * LONGEST_S)))
        length = 2 * math.ceil(len(audio) / (2 * parts))
        return self.from_samples([audio[start : start + length] for start in range(0, len(audio), length)])

    def from_state(self, state: bytes) -> Mapping[int, EnrolledVoice]:
        """Return the voices of an audio source with enough speech, by their numbers. Raises EnrolmentRefused."""
        diarizer = LiveDiarizer(_models())
        try:
            diarizer.restore(state)
        except ValueError:  # of another version, or of other models
            return {}
        voices = diarizer.voices(LEAST_TOTAL_S)
        return {number: EnrolledVoice((_vector(sums),), speaker_models.model_name()) for number, sums in voices.items()}


def _models() -> SpeakerModels:
    try:
        return speaker_models.begin_loading().result()
    except speaker_models.SpeakersOff:
        raise EnrolmentRefused(SampleProblem.OFF) from None


def _voice_of(models: SpeakerModels, sample: bytes, place: int) -> Sums:
    """Return what is known of the voice in a sample. Raises EnrolmentRefused."""
    if not sample or len(sample) % 2 or len(sample) > 2 * RATE * LONGEST_S:
        raise EnrolmentRefused(SampleProblem.FORMAT, place)
    samples = linear16(sample)
    diarizer = LiveDiarizer(models)
    for start in range(0, len(samples), 10 * RATE):
        diarizer.turn(samples[start : start + 10 * RATE], start / RATE, speech=False)
    voices = sorted(diarizer.voices().values(), key=lambda one: -one.seconds)
    if not voices or voices[0].seconds < LEAST_S or not np.isfinite(voices[0].vector).all():
        raise EnrolmentRefused(SampleProblem.SHORT, place)
    total = sum(one.seconds for one in voices)
    if total - voices[0].seconds > MOST_OTHERS * total:
        raise EnrolmentRefused(SampleProblem.SEVERAL, place)
    return voices[0]


def _vector(sums: Sums) -> VoiceVector:
    return VoiceVector((sums.vector / sums.precision).astype(np.float32), sums.seconds)
