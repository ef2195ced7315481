"""The embedded speaker models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from streaming.audio.pcm import Samples
from streaming.speech.engines.base import RecogniserError
from streaming.speech.speakers import pyannote_models as embedded
from streaming.speech.speakers.fbank import fbank
from streaming.speech.speakers.pyannote_models import CommunityModels
from streaming.speech.vad import data_file

Voice = Callable[[str], Samples]


def test_the_rewritten_network_gives_the_vectors_of_the_original(models: CommunityModels, voice: Voice) -> None:
    """The embedding of the original network and ours, cut before its pooling layer, have the same vector."""
    library = data_file("moonshine_voice", "libmoonshine.so").read_bytes()
    at, size = embedded._EMBEDDING
    features = fbank(voice("a1"))[None]
    inputs = {"fbank": features, "weights": np.ones((1, features.shape[1]), dtype=np.float32)}
    original = onnxruntime.InferenceSession(library[at : at + size]).run(None, inputs)[0]
    ours = models.vectors(models.columns(voice("a1")), [[(0.0, 10.0)]])
    assert ours == pytest.approx(models._plda.vectors(original), abs=0.01)


def test_the_rewritten_segmentation_agrees_with_the_original(models: CommunityModels, voice: Voice) -> None:
    """The original network says for each frame the same speakers as ours."""
    library = data_file("moonshine_voice", "libmoonshine.so").read_bytes()
    at, size = embedded._SEGMENTATION
    window = np.concatenate([voice("a1"), voice("b1"), voice("a2")])[:160_000]
    window = np.pad(window, (0, 160_000 - len(window)))
    original = onnxruntime.InferenceSession(library[at : at + size]).run(None, {"waveforms": window[None, None]})[0][0]
    assert ((models.segment(window) > 0.5) == (original > 0.5)).mean() > 0.99


def test_the_length_of_a_window_is_free_up_to_ten_seconds(models: CommunityModels, voice: Voice) -> None:
    """Short windows have fewer frames; longer ones are refused."""
    assert models.segment(voice("a1")[:16_000]).shape[1] == 3
    with pytest.raises(ValueError, match="ten seconds"):
        models.segment(np.zeros(160_001, dtype=np.float32))


def test_a_click_has_a_vector(models: CommunityModels) -> None:
    """Even a clip without samples gives finite values."""
    assert np.isfinite(models.vectors(models.columns(np.zeros(0, dtype=np.float32)), [[(0.0, 1.0)], []])).all()


def test_another_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library with another hash is not read, because the data would lie elsewhere."""
    other = tmp_path / "libmoonshine.so"
    other.write_bytes(b"\x7fELF")
    monkeypatch.setattr(embedded, "data_file", lambda *parts: other)
    with pytest.raises(RecogniserError, match=r"moonshine-voice 0\.1\.0"):
        CommunityModels()


def test_features_have_one_row_per_ten_milliseconds() -> None:
    """One second has 98 rows of 80 bands, each with mean 0; a tone is strongest in its band."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32) * 0.1
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.001
    features = fbank(np.concatenate((noise, tone + noise)))
    assert features.shape == (198, 80)
    assert features.mean(axis=0) == pytest.approx(np.zeros(80), abs=1e-4)
    centre_hz = 700 * (np.exp((np.linspace(31.75, 2840.0, 82)[1:-1]) / 1127) - 1)
    assert centre_hz[features[150].argmax()] == pytest.approx(1000, rel=0.1)
