"""Ears without a model for words."""

from collections.abc import Iterator

import pytest

from streaming.speech import recognition as recognition_module
from streaming.speech import vad_thread as thread_module
from streaming.speech.decoder_pool import DecoderPool
from tests.streaming.speech.fakes import FakeTranscriber


@pytest.fixture
def transcriber() -> FakeTranscriber:
    """Says how much it was given."""
    return FakeTranscriber()


@pytest.fixture
def ears(transcriber: FakeTranscriber, monkeypatch: pytest.MonkeyPatch) -> Iterator[DecoderPool]:
    """Ears that do not wait between ticks, so that recordings pass as fast as they can be heard, and that a slow test does not bore."""
    monkeypatch.setattr(thread_module, "TICK_S", 0.0)
    monkeypatch.setattr(recognition_module, "_STALL_S", 3600.0)
    ears = DecoderPool(transcriber, threads=2)
    ears.start()
    yield ears
    transcriber.gate.set()
    ears.close()
