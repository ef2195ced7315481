"""A sound, heard by the recogniser that ships."""

from pathlib import Path

from streaming.management.terminal import channels_of
from tests.bench.tts_corpus.recognised_turns import recogniser, transcribe

CLIP = Path(__file__).resolve().parents[1] / "streaming" / "transports" / "names.ogg"


def test_finals_with_words_and_confidences(tmp_path: Path) -> None:
    """Two sentences with a pause between them are two turns; the names in them are what the recogniser is least sure of."""
    engine = recogniser(tmp_path)
    first, second = transcribe(engine, channels_of(CLIP, 1)[0])
    engine.close()
    assert first.words[:5] == ("I", "have", "never", "worked", "with")
    assert second.words[-1] == "budget."
    assert first.end < second.end
    assert min(first.confidences[:5]) > 0.8 > min(first.confidences)
