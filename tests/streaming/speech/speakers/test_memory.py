"""The memory of a diarizer: which segments may be one speaker."""

import numpy as np
import pytest

from streaming.speech.speakers.activity import SpeechPart
from streaming.speech.speakers.memory import Memory
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.turn_voices import TurnVoice

BETWEEN = np.full(64, 10.0, dtype=np.float32)


@pytest.mark.parametrize(("shared_s", "speakers"), [(0.1, 1), (1.0, 2)])
def test_a_change_of_the_local_speaker_is_not_two_persons(shared_s: float, speakers: int) -> None:
    """Two local speakers with the same voice are one person if they overlap as shortly as at a change, and two if they overlap longer."""
    vector = np.random.default_rng(0).standard_normal(64).astype(np.float32) * 3
    memory = Memory(BETWEEN, Tuning(merge=0.0), None, 10)
    first = SpeechPart(0.0, 3.0, False), SpeechPart(3.0, 3.0 + shared_s, True)
    second = SpeechPart(3.0, 3.0 + shared_s, True), SpeechPart(3.0 + shared_s, 6.0, False)
    memory.add_turn([TurnVoice(0, first, 3.0, vector), TurnVoice(1, second, 3.0 - shared_s, vector)])
    memory.label()
    assert len(memory.speakers()) == speakers
