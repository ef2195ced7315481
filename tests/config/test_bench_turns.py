"""The ends of spoken turns without real time."""

from pathlib import Path

import numpy as np
import pytest

from streaming.audio.pcm import RATE
from streaming.speech.endpointing import TurnSpan
from streaming.speech.engines.moonshine import small_model
from tests.bench.speaker_data import read_audio
from tests.bench.spoken_offline import SimulatedRecognition, SpokenAudio
from tests.bench.spoken_turns import SpokenTurn, judged

FOLDER = Path(__file__).parents[1] / "speech" / "voices"
PAUSE_S = 0.9


@pytest.fixture(scope="module")
def speaker() -> SpokenAudio:
    """A speaker of one turn: two real clips with a pause between them."""
    first, second = (read_audio(FOLDER / f"{name}.ogg")[: 3 * RATE] for name in ("a1", "a2"))
    at = len(first) / RATE
    samples = np.concatenate((first, np.zeros(round(PAUSE_S * RATE), dtype=np.float32), second))
    return SpokenAudio([SpokenTurn(("one two", "three"), samples, ((at, at + PAUSE_S),))], small_model())


def test_a_rule_decides_whether_a_pause_cuts_a_turn(speaker: SpokenAudio) -> None:
    """The fixed pause of 0.5 s cuts a turn at 0.9 s of silence; a rule that waits for 1.2 s does not, and its final result comes later."""
    fixed, patient = (
        judged(speaker.turns, speaker.starts, SimulatedRecognition(speaker, rule).finals()) for rule in (None, lambda speaker, span: 1200)
    )
    assert (fixed.holds, fixed.cut_off, patient.cut_off) == (1, 1, 0)
    assert fixed.latencies[0] is not None
    assert patient.latencies[0] is not None
    assert patient.latencies[0] - fixed.latencies[0] == pytest.approx(0.7, abs=0.3)


def test_the_words_that_were_spoken_in_a_span(speaker: SpokenAudio) -> None:
    """A span has the words of the parts of a turn that lie in it."""
    frames = len(speaker.frames)
    assert speaker.spoken(TurnSpan(0, frames, ())) == ("one", "two", "three")
    assert speaker.spoken(TurnSpan(0, round((speaker.starts[0] + 3.2) / 0.032), ())) == ("one", "two")
