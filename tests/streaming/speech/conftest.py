"""Ears without a model for words."""

from collections.abc import Iterator

import pytest

from streaming.speech import audio_source, vad_worker
from tests.streaming.speech.fakes import FakeRecogniser, FakeTranscriber


@pytest.fixture
def transcriber() -> FakeTranscriber:
    """Says how much it was given."""
    return FakeTranscriber()


@pytest.fixture
def ears(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRecogniser]:
    """Ears that do not wait between ticks, so that recordings pass as fast as they can be heard, and that a slow test does not bore."""
    monkeypatch.setattr(vad_worker, "TICK_S", 0.0)
    monkeypatch.setattr(audio_source, "STALL_S", 3600.0)
    ears = FakeRecogniser(transcriber, threads=2)
    ears.load()
    yield ears
    transcriber.gate.set()
    ears.close()
