"""Resampling to 16 kHz."""

import numpy as np
import pytest

from streaming.audio.resample import EMPTY, Resampler


@pytest.mark.parametrize("rate", [8_000, 11_025, 24_000, 44_100, 48_000])
def test_a_second_stays_a_second(rate: int) -> None:
    """One second of input gives 16,000 samples, flush included."""
    resampler = Resampler(rate)
    output = [resampler.push(np.ones(rate, dtype=np.float32)), resampler.flush()]
    assert sum(map(len, output)) == pytest.approx(16_000, abs=2)


def test_a_tone_above_the_new_limit_vanishes() -> None:
    """11 kHz in a 48 kHz stream does not alias to 5 kHz."""
    time = np.arange(48_000) / 48_000
    output = Resampler(48_000).push(np.sin(2 * np.pi * 11_000 * time).astype(np.float32))
    assert np.abs(output[2_000:]).max() < 1e-4


def test_16_khz_passes_unchanged_and_at_once() -> None:
    """There is no filter and no delay at 16 kHz."""
    audio = np.arange(10, dtype=np.float32)
    resampler = Resampler(16_000)
    assert np.array_equal(resampler.push(audio), audio)
    assert len(resampler.flush()) == 0


def test_usable_after_flush() -> None:
    """After flush a new stream begins, with the same result as the first."""
    resampler = Resampler(8_000)
    audio = np.sin(np.arange(8_000) / 9).astype(np.float32)
    first = np.concatenate((resampler.push(audio), resampler.flush()))
    assert np.array_equal(first, np.concatenate((resampler.push(audio), resampler.flush())))


def test_empty_block() -> None:
    """An empty block gives an empty block."""
    assert len(Resampler(44_100).push(EMPTY)) == 0
