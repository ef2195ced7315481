"""Bytes on their way in."""

import numpy as np
import pytest

from streaming.audio.codecs import AudioError, open_decoder
from streaming.hearing.intake import Intake


@pytest.fixture
def troubles() -> list[AudioError]:
    """What the intake complained of."""
    return []


@pytest.fixture
def intake(troubles: list[AudioError]) -> Intake:
    """An intake for LINEAR16 at 16 kHz."""
    return Intake(open_decoder("LINEAR16", 16_000), troubles.append)


def test_seconds_that_wait(intake: Intake) -> None:
    """One second of LINEAR16 at 16 kHz is 32,000 bytes."""
    intake.feed(bytes(32_000))
    assert intake.seconds == pytest.approx(1.0)
    assert len(intake.take(10.0)) == 16_000
    assert intake.seconds == 0
    assert not intake


def test_takes_a_bounded_portion(intake: Intake) -> None:
    """Chunks are decoded until enough is there; the rest stays."""
    for _ in range(10):
        intake.feed(bytes(3_200))
    assert len(intake.take(0.25)) == 3 * 1_600
    assert intake.seconds == pytest.approx(0.7)


def test_the_rate_of_a_codec_is_learned() -> None:
    """After some bytes the estimate is that of the codec, here two bytes in place of sixteen thousand samples a second."""
    intake = Intake(open_decoder("MULAW", 8_000), lambda error: None)
    intake.feed(bytes(8_000))
    intake.take(10.0)
    intake.feed(bytes(8_000))
    assert intake.seconds == pytest.approx(1.0, abs=0.1)


def test_a_bad_chunk_is_told_and_the_next_is_taken(intake: Intake, troubles: list[AudioError]) -> None:
    """One complaint, and the sound around the bad chunk."""
    for chunk in (bytes(2), b"odd", bytes(4)):
        intake.feed(chunk)
    assert len(intake.take(1.0)) == 3
    assert [str(error)[:6] for error in troubles] == ["audio:"]


def test_switching_takes_effect_in_order(intake: Intake) -> None:
    """Chunks fed before the switch are decoded the old way, those after it the new way."""
    intake.feed(bytes(200))
    intake.switch(open_decoder("MULAW", 8_000))
    intake.feed(b"\xff" * 8_000)
    intake.close()
    assert len(intake.take(10.0)) == pytest.approx(100 + 16_000, abs=3)


def test_closed_means_closed(intake: Intake) -> None:
    """Nothing is taken in after close; it has ended when all was taken out."""
    intake.feed(bytes(64))
    assert intake.close()
    assert not intake.close()
    assert not intake.feed(bytes(64))
    assert not intake.switch(open_decoder("MULAW", 8_000))
    assert not intake.ended
    assert np.array_equal(intake.take(1.0), np.zeros(32))
    assert intake.ended


def test_clear_drops_everything(intake: Intake) -> None:
    """Nothing waits, nothing comes."""
    intake.feed(bytes(64))
    intake.clear()
    assert len(intake.take(1.0)) == 0
    assert intake.seconds == 0
    assert not intake.feed(bytes(2))
