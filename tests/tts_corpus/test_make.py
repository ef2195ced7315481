"""Readings made anew."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.bench.tts_corpus import choose, make, table
from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.recognised_turns import FinalTurn

CLIPS = [Reading("name/1", "slt", "Ask Okta.", "Ask octa.", "Okta"), Reading("plain/1", "rms", "Ask again.", "Ask again.")]


class Engine:
    """A recogniser that is only closed."""

    closed = 0

    def close(self) -> None:
        """Note it."""
        Engine.closed += 1


def spoken(voice: str, jobs: Sequence[tuple[str, Path]], piper: Path | None) -> None:
    """Write sounds as long as their texts."""
    for text, file in jobs:
        with wave.open(str(file), "wb") as out:
            out.setparams((1, 2, 16_000, 0, "NONE", ""))
            out.writeframes(np.zeros(160 * len(text), dtype="<i2").tobytes())


def heard(engine: Engine, sound: np.ndarray) -> list[FinalTurn]:
    """Hear how long a sound is, in two turns."""
    return [FinalTurn(("So",), (0.5,), 1.0), FinalTurn((str(len(sound) // 160),), (0.75,), 2.0)]


def test_sounds_then_transcripts(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading is spoken once and heard by both models; the demo comes first; files that lie there are not made again."""
    sounds = tmp_path / "sounds"
    monkeypatch.setattr(choose, "clips", lambda: CLIPS)
    monkeypatch.setattr(choose, "dev", lambda folder: [])
    monkeypatch.setattr(table, "_FOLDER", tmp_path / "heard")
    monkeypatch.setattr(make, "speak", spoken)
    monkeypatch.setattr(make, "transcribe", heard)
    monkeypatch.setattr(make, "recogniser", lambda folder: Engine())
    make.main(["--data", str(data), "--sounds", str(sounds), "--models", str(tmp_path)])
    said = table.read("tiny")
    assert said == table.read("base")
    assert [one.name for one in said if one.name.startswith("demo/")] == ["demo/0", "demo/1", "demo/2", "demo/3"]
    assert [(one.name, one.text, one.confidences) for one in said[4:]] == [
        ("name/1", "So 9", (0.5, 0.75)),
        ("plain/1", "So 10", (0.5, 0.75)),
    ]
    assert Engine.closed == 2
    monkeypatch.setattr(make, "speak", lambda *nothing: pytest.fail("made again"))
    make.read_aloud(CLIPS, sounds, None)
