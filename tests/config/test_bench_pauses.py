"""What tells the end of a sentence beside the words: the features of made sound, and the figures of made scores."""

from pathlib import Path

import numpy as np
import pytest

from streaming.audio.pcm import RATE, Samples
from streaming.audio.resample import EMPTY
from streaming.speech import onnx_format as onnx
from streaming.speech.end_of_turn import EARLIEST_MS, LATEST_MS, Pause
from tests.bench.pauses.__main__ import area, on_unseen_speakers
from tests.bench.pauses.prosody import NAMES, prosody
from tests.bench.pauses.smart_turn import SmartTurn


def voice(first_hz: float, last_hz: float, fading_db: float = 0.0) -> Samples:
    """Return a buzz of a second whose pitch goes from one frequency to another, and silence."""
    hz = np.linspace(first_hz, last_hz, RATE)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    buzz = sum(np.sin(number * phase) / number for number in range(1, 6))
    loud = 10 ** (np.linspace(0, -fading_db, RATE) / 20)
    return np.concatenate((0.1 * buzz * loud, np.zeros(RATE // 5))).astype(np.float32)


def feature(pcm: Samples, name: str) -> float:
    """Return one feature."""
    return float(prosody(pcm)[NAMES.index(name)])


@pytest.mark.parametrize(("first_hz", "last_hz"), [(220.0, 110.0), (110.0, 220.0)])
def test_the_pitch_falls_or_rises(first_hz: float, last_hz: float) -> None:
    """An octave in a second is about twelve semitones a second, and more at a low pitch, which changes faster in semitones."""
    sound = voice(first_hz, last_hz)
    falling = last_hz < first_hz
    assert (feature(sound, "pitch slope") < -8) if falling else (feature(sound, "pitch slope") > 6)
    assert (feature(sound, "last pitch") < -2) if falling else (feature(sound, "last pitch") > 2)


def test_the_loudness_fades() -> None:
    """Twelve decibels in a second."""
    assert feature(voice(150.0, 150.0, 12.0), "loudness slope") == pytest.approx(-12.0, abs=4.0)
    assert feature(voice(150.0, 150.0), "last voiced stretch") > 0.5


@pytest.mark.parametrize("pcm", [EMPTY, np.zeros(RATE, np.float32), np.random.default_rng(1).normal(0, 0.01, RATE).astype(np.float32)])
def test_sound_without_a_pitch(pcm: Samples) -> None:
    """Silence and noise have finite features."""
    found = prosody(pcm)
    assert found.shape == (len(NAMES),)
    assert np.isfinite(found).all()


def test_the_area_under_the_curve() -> None:
    """Scores that are in order have 1, in the reverse order 0, equal ones a half."""
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    assert [area(np.array(scores), labels) for scores in ([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [1.0] * 4)] == [1.0, 0.0, 0.5]


def test_a_regression_is_judged_on_other_speakers() -> None:
    """A column that tells the label is found; a column of chance is not, though it could be learnt by heart."""
    random = np.random.default_rng(1)
    labels, folds = random.integers(0, 2, 400).astype(float), np.arange(400) % 5
    assert area(on_unseen_speakers((labels + random.normal(0, 0.3, 400))[:, None], labels, folds), labels) > 0.9
    assert 0.4 < area(on_unseen_speakers(random.normal(0, 1, (400, 1)), labels, folds), labels) < 0.6


@pytest.mark.parametrize(("threshold", "expected"), [(-9.0, EARLIEST_MS), (9.0, LATEST_MS)])
def test_a_model_of_the_sound(tmp_path: Path, threshold: float, expected: int) -> None:
    """A network that returns the mean of the spectrogram decides by its threshold."""
    mean = onnx.node("ReduceMean", ["input_features"], ["mean"], [onnx.attribute("keepdims", 0)])
    graph = onnx.model([mean], [], [onnx.value("input_features", (1, 80, 800))], [onnx.value("mean", ())])
    file = tmp_path / "mean.onnx"
    file.write_bytes(graph)
    assert SmartTurn(file, threshold).silence_ms(Pause(("yes",), np.zeros(RATE, np.float32))) == expected
