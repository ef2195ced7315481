"""A recogniser without a speech model."""

from collections.abc import Iterator

import pytest

from streaming.speech import audio_source, vad_worker
from tests.streaming.speech.fakes import FakeRecogniser, FakeTranscriber


@pytest.fixture
def transcriber() -> FakeTranscriber:
    """A transcriber that returns the length of the audio as words."""
    return FakeTranscriber()


@pytest.fixture
def recogniser(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRecogniser]:
    """A recogniser that does not wait between ticks and ends no stalled turn, so that recordings are processed as fast as possible."""
    monkeypatch.setattr(vad_worker, "TICK_S", 0.0)
    monkeypatch.setattr(audio_source, "STALL_S", 3600.0)
    recogniser = FakeRecogniser(transcriber, threads=2)
    recogniser.load()
    yield recogniser
    transcriber.gate.set()
    recogniser.close()
