"""Resampling from any rate to one rate, without clicks and without delay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.audio.rates import NO_SOUND, Converter, Pcm


def sine(rate: int, seconds: float = 1.0) -> Pcm:
    """Return 440 Hz."""
    return (np.sin(np.arange(int(rate * seconds)) / rate * 2 * np.pi * 440) * 10_000).astype(np.int16)


@pytest.mark.parametrize("target", [8000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 44_100, 48_000])
def test_20_ms_in_20_ms_out(rate: int, target: int) -> None:
    """Each block returns its own duration at once."""
    converter = Converter(target)
    blocks = [converter.push(block, rate) for block in sine(rate).reshape(50, -1)]
    assert {len(block) for block in blocks} == {target // 50}


def test_no_clicks() -> None:
    """The filter keeps its state: block by block equals all at once, and a sine stays a sine."""
    pieces = Converter(16_000)
    piecewise = np.concatenate([pieces.push(block, 48_000) for block in np.array_split(sine(48_000), 37)])
    at_once = Converter(16_000).push(sine(48_000), 48_000)
    length = min(len(piecewise), len(at_once))
    assert np.abs(piecewise[100:length].astype(int) - at_once[100:length].astype(int)).max() <= 16_000 * 0.05
    spectrum = np.abs(np.fft.rfft(piecewise[1000:15_000] * np.hanning(14_000)))
    peak = int(spectrum.argmax())
    assert peak == pytest.approx(440 * 14_000 / 16_000, abs=1)
    rest = np.delete(spectrum, range(peak - 5, peak + 6))
    assert rest.max() < spectrum[peak] / 500


def test_the_same_rate_costs_nothing() -> None:
    """The input array itself is returned."""
    samples = sine(16_000)
    converter = Converter(16_000)
    assert converter.push(samples, 16_000) is samples
    assert len(converter.flush()) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([8000, 16_000, 24_000, 48_000]), st.integers(min_value=0, max_value=3000)), max_size=12))
def test_the_duration_is_kept(blocks: list[tuple[int, int]]) -> None:
    """No audio is lost at a change of rate or at the end, whatever the rates and portions, empty ones included."""
    converter = Converter(24_000)
    out = [converter.push(np.zeros(length, dtype=np.int16), rate) for rate, length in blocks]
    out.append(converter.flush())
    seconds = sum(length / rate for rate, length in blocks)
    changes = sum(one[0] != two[0] for one, two in zip(blocks, blocks[1:], strict=False)) + 1
    assert sum(len(block) for block in out) / 24_000 == pytest.approx(seconds, abs=0.005 * changes)


def test_flush_resets_the_converter() -> None:
    """The audio that is held back is returned once."""
    converter = Converter(48_000)
    converter.push(sine(8000, 0.02), 8000)
    assert len(converter.flush()) > 0
    assert converter.flush() is NO_SOUND
