"""Makes the voices with which enrolled voices are compared: `python -m tools.made_up_voices FOLDER`.

FOLDER has recordings of single voices (LibriSpeech), named SPEAKER-CHAPTER-UTTERANCE.flac. The vectors are drawn from a normal distribution
with the mean and the covariance of the vectors of all speakers; half of the covariance is that of the PLDA model, since there are fewer
speakers than dimensions. So no made-up voice is that of a person. `tests/bench/scenarios/profiles.py` measures what they are good for.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE
from streaming.speech.speakers import LiveDiarizer, SpeakerModels
from streaming.speech.speakers.types import Vectors
from tests.bench.speaker_data import read_audio, voices

VOICES = 1000
SHRINKAGE = 0.5
"""Share of the PLDA model in the covariance."""
SEED = 1
MOST_S = 20.0
"""Seconds of each speaker that are used."""


def made_up(speakers: Sequence[Vectors], between: NDArray[np.float32], seed: int = SEED) -> NDArray[np.float16]:
    """Return made-up voices from the vectors of speakers, each of shape (dimensions,)."""
    known = np.stack(speakers).astype(np.float64)
    covariance = (1 - SHRINKAGE) * np.cov(known.T) + SHRINKAGE * np.diag(between)
    drawn = np.random.default_rng(seed).multivariate_normal(known.mean(axis=0), covariance, size=VOICES)
    return drawn.astype(np.float16)


def vector_of(models: SpeakerModels, files: Sequence[Path]) -> Vectors | None:
    """Return the vector of the speaker of some files, None if they hold no speech."""
    diarizer, left, at = LiveDiarizer(models, expected=1), round(MOST_S * RATE), 0.0
    for file in files:
        samples = read_audio(file)[: min(left, 10 * RATE)]
        if len(samples):
            diarizer.turn(samples, at)
            left, at = left - len(samples), at + len(samples) / RATE + 1.0
    return diarizer.voice(0)


def main(folder: Path) -> None:
    """Write the file of weights."""
    from streaming.speech.speakers.pyannote_models import MADE_UP, CommunityModels

    MADE_UP.parent.mkdir(exist_ok=True)
    if not MADE_UP.exists():  # the models read it
        np.save(MADE_UP, np.zeros((1, 128), dtype=np.float16))
    models = CommunityModels()
    found = [vector for files in voices(folder).values() if (vector := vector_of(models, files)) is not None]
    drawn = made_up(found, models.between)
    np.save(MADE_UP, drawn)
    print(f"{len(drawn)} voices, made of {len(found)} speakers: {MADE_UP}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
