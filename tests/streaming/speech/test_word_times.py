"""When words were said, by a recording of which that is known: the demo's, whose synthesiser told it (streaming/demo/make_words.py)."""

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
    """By how many seconds the words of Anna that were heard right are too late: their starts, then their ends; shape (2, n)."""
    anna, _ = channels_of(DEMO / "conversation.ogg", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad_worker, "TICK_S", 0.0)
        patch.setattr(audio_source, "STALL_S", 3600.0)  # a busy machine may be long between two chunks
        recogniser = make("moonshine", threads=2, models_dir=tmp_path_factory.mktemp("models"))
        recogniser.load()
        notes = Notes()
        recognition = recogniser.open(RecognitionOptions(interims=False), open_decoder("LINEAR16", RATE), notes)
        for chunk in chunks(anna.astype("<i2").tobytes()):
            recognition.feed(chunk)
        recognition.stop()
        assert notes.done.wait(120)
        recogniser.close()
    heard = [word for result in notes.finals for word in result.words]
    said = json.loads((DEMO / "words.json").read_text())
    matcher = difflib.SequenceMatcher(None, [plain(word["word"]) for word in said], [plain(word.text) for word in heard], autojunk=False)
    pairs = [(said[a + i], heard[b + i]) for a, b, count in matcher.get_matching_blocks() for i in range(count)]
    assert len(pairs) > 0.9 * len(said)
    found = np.array([[ours.start - true["start"], ours.end - true["end"]] for true, ours in pairs]).T
    print(f"\n{len(pairs)} of {len(said)} words: " + ", ".join(f"{name} {value:.3f} s" for name, value in summary(found).items()))
    return found


def summary(errors: np.ndarray) -> dict[str, float]:
    """Return the figures that docs/develop/speech.md tells: `pytest -s` prints them."""
    size = np.abs(errors)
    return {"mean": size.mean(), "median": float(np.median(size)), "90 %": float(np.percentile(size, 90)), "late by": errors.mean()}


def test_words_are_where_they_were_said(errors: np.ndarray) -> None:
    """Half of all starts and ends are within a tenth of a second, nine of ten within a quarter; an even spread of time can do no better."""
    figures = summary(errors)
    assert figures["median"] < 0.09
    assert figures["90 %"] < 0.25


def test_they_are_neither_early_nor_late(errors: np.ndarray) -> None:
    """On the whole they are off by less than one frame of the pause detection: what it holds on to behind the speech is taken off."""
    assert abs(errors.mean()) < 0.032
