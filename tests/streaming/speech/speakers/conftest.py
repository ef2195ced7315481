"""The embedded models, and recordings of two voices."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.pyannote_models import CommunityModels, load
from tests.bench.speaker_data import read_audio

FOLDER = Path(__file__).resolve().parents[3] / "speech" / "voices"


@pytest.fixture(scope="session")
def models() -> CommunityModels:
    """The models of the installed wheel."""
    return load()


@pytest.fixture(scope="session")
def voice() -> Callable[[str], Samples]:
    """Return a clip of 3.2 s by its name: a1 and a2 are one voice, b1 and b2 another."""
    return lambda name: read_audio(FOLDER / f"{name}.ogg")[: round(3.2 * RATE)]


def joined(*clips: Samples, pause_s: float = 0.3) -> Samples:
    """Return clips with pauses between them."""
    pause = np.zeros(round(pause_s * RATE), dtype=np.float32)
    return np.concatenate([part for clip in clips for part in (clip, pause)])
