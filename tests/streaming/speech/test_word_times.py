"""The times of words, measured on the demo's recording, whose synthesiser reported them (streaming/demo/make_words.py)."""

import difflib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from streaming.audio.codecs import open_decoder
from streaming.management.terminal import channels_of
from streaming.speech import audio_source, vad_worker
from streaming.speech.engines import make
from streaming.speech.engines.base import RecognitionOptions
from tests.streaming.speech.fakes import Notes, chunks

DEMO = Path(__file__).resolve().parents[3] / "streaming" / "demo"
RATE = 16_000


def plain(word: str) -> str:
    """Return a word without case and punctuation."""
    return re.sub(r"[^a-z0-9']", "", word.lower())


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The delays in seconds of the correctly recognised words of Anna: their starts, then their ends; shape (2, n)."""
    anna, _ = channels_of(DEMO / "conversation.ogg", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad_worker, "TICK_S", 0.0)
        patch.setattr(audio_source, "STALL_S", 3600.0)  # a busy machine may take long between two chunks
        recogniser = make("moonshine", threads=2, models_dir=tmp_path_factory.mktemp("models"))
        recogniser.load()
        notes = Notes()
        recognition = recogniser.open(RecognitionOptions(interims=False), open_decoder("LINEAR16", RATE), notes)
        for chunk in chunks(anna.astype("<i2").tobytes()):
            recognition.feed(chunk)
        recognition.stop()
        assert notes.done.wait(120)
        recogniser.close()
    words = [word for result in notes.finals for word in result.words]
    said = json.loads((DEMO / "words.json").read_text())
    matcher = difflib.SequenceMatcher(None, [plain(word["word"]) for word in said], [plain(word.text) for word in words], autojunk=False)
    pairs = [(said[a + i], words[b + i]) for a, b, count in matcher.get_matching_blocks() for i in range(count)]
    assert len(pairs) > 0.9 * len(said)
    found = np.array([[ours.start - true["start"], ours.end - true["end"]] for true, ours in pairs]).T
    print(f"\n{len(pairs)} of {len(said)} words: " + ", ".join(f"{name} {value:.3f} s" for name, value in summary(found).items()))
    return found


def summary(errors: np.ndarray) -> dict[str, float]:
    """Return the figures that docs/develop/speech.md gives: `pytest -s` prints them."""
    size = np.abs(errors)
    return {"mean": size.mean(), "median": float(np.median(size)), "90 %": float(np.percentile(size, 90)), "late by": errors.mean()}


def test_word_times_are_accurate(errors: np.ndarray) -> None:
    """Half of all starts and ends are within 0.04 s, nine of ten within a tenth of a second; by the number of letters, 0.06 and 0.22."""
    figures = summary(errors)
    assert figures["mean"] < 0.055
    assert figures["median"] < 0.045
    assert figures["90 %"] < 0.12


def test_word_times_have_no_bias(errors: np.ndarray) -> None:
    """The mean error is less than one frame of the VAD, whose hangover after the speech is subtracted."""
    assert abs(errors.mean()) < 0.032
