"""Transcripts on disk."""

from pathlib import Path

import pytest

from tests.bench.tts_corpus import choose, table
from tests.bench.tts_corpus.table import ReadingTranscript


def test_written_and_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is written is read again, also where nothing was heard; confidences to a hundredth."""
    monkeypatch.setattr(table, "_FOLDER", tmp_path)
    everything = [ReadingTranscript("name/1", "slt", ("Hello", "there."), (0.5, 0.99)), ReadingTranscript("name/2", "joe", (), ())]
    table.write("tiny", everything)
    assert table.read("tiny") == everything
    assert everything[0].text == "Hello there."


@pytest.mark.parametrize("model", table.MODELS)
def test_what_is_kept_fits_the_clips(model: str) -> None:
    """Every clip was heard once by each model, and each word has its confidence."""
    kept = table.read(model)
    assert {(one.name, one.voice) for one in kept} >= {(one.name, one.voice) for one in choose.clips()}
    assert len({(one.name, one.voice) for one in kept}) == len(kept)
    assert all(len(one.words) == len(one.confidences) for one in kept)
