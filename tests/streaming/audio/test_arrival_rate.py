"""The rate of live audio by its arrival, with simulated times: found if steady, never for files and resent audio."""

import random
from collections.abc import Iterator

import pytest

from streaming.audio.arrival_rate import COMMON_RATES, MOST_CHUNKS, ArrivalRate

Chunks = Iterator[tuple[int, float]]
"""Size in bytes and time of arrival of each chunk."""


def live(rate: float, samples: int, seconds: float, jitter_s: float = 0.0, start: float = 0.0) -> Chunks:
    """Chunks of a microphone; each is late by up to `jitter_s`, and none overtakes another."""
    chance, last, count = random.Random(7), 0.0, 0
    while count * samples / rate < seconds:
        count += 1
        last = max(last, start + count * samples / rate + chance.uniform(0, jitter_s))
        yield 2 * samples, last


def measured(stated: int, chunks: Chunks) -> list[tuple[int, float]]:
    """Return the likely rates that were reported, each with the seconds since the first chunk."""
    watch = ArrivalRate(stated, 2)
    arrivals = list(chunks)
    reports = [(watch.arrived(size, at), at - arrivals[0][1]) for size, at in arrivals]
    return [(rate, after) for rate, after in reports if rate is not None]


@pytest.mark.parametrize("samples", [128, 1024, 2048, 4096])
def test_the_browser_sample_that_states_16_khz(samples: int) -> None:
    """ScriptProcessor blocks at 44.1 kHz, stated as 16 kHz, are reported once, after 3 s."""
    ((rate, after),) = measured(16_000, live(44_100, samples, 20))
    assert rate == 44_100
    assert 3 <= after < 3.2


@pytest.mark.parametrize("rate", COMMON_RATES)
@pytest.mark.parametrize("stated", COMMON_RATES)
def test_every_pair_of_common_rates(rate: int, stated: int) -> None:
    """Another rate than the stated one is found, the stated one is not reported."""
    assert [found for found, _ in measured(stated, live(rate, 1024, 10, jitter_s=0.03))] == ([] if rate == stated else [rate])


@pytest.mark.parametrize("deviation", [-0.029, 0.029])
def test_within_three_per_cent(deviation: float) -> None:
    """The clock of a cheap microphone is not exact."""
    assert [rate for rate, _ in measured(16_000, live(44_100 * (1 + deviation), 1024, 10))] == [44_100]


@pytest.mark.parametrize("deviation", [-0.035, 0.035])
def test_no_common_rate(deviation: float) -> None:
    """A rate between the common ones is not reported."""
    assert measured(16_000, live(44_100 * (1 + deviation), 1024, 30)) == []


@pytest.mark.parametrize("milliseconds", [10, 20, 100])
def test_48_khz_in_usual_chunks(milliseconds: int) -> None:
    """A program that records at 48 kHz and states 16 kHz is found, although a file sent at three times its speed arrives alike."""
    assert [rate for rate, _ in measured(16_000, live(48_000, 48 * milliseconds, 10))] == [48_000]


@pytest.mark.parametrize("speed", [1.25, 1.5, 2, 3, 4, 5, 10, 100])
@pytest.mark.parametrize("stated", [8_000, 16_000, 24_000])
@pytest.mark.parametrize("milliseconds", [20, 100])
def test_a_file_faster_than_real_time(speed: float, stated: int, milliseconds: int) -> None:
    """A file that is sent at a multiple of its speed, in chunks of a usual duration, is not reported."""
    assert measured(stated, live(stated * speed, stated * milliseconds // 1000, 30)) == []


def test_a_file_at_once_and_then_live() -> None:
    """Audio that came all at once ends the measurement, whatever follows."""
    burst = ((8192, 0.001 * number) for number in range(1000))
    assert measured(16_000, iter([*burst, *live(44_100, 1024, 20, start=1.0)])) == []


@pytest.mark.parametrize("jitter_s", [0.3, 0.6, 2.0])
def test_jittery_arrival(jitter_s: float) -> None:
    """Chunks that come too early and too late by more than 75 ms are no steady arrival."""
    assert measured(16_000, live(44_100, 1024, 60, jitter_s=jitter_s)) == []


def test_a_muted_microphone() -> None:
    """Two seconds of speech between pauses are too short; the next three are enough."""
    arrivals: list[tuple[int, float]] = []
    for turn in range(5):
        arrivals += live(44_100, 1024, 2, start=turn * 5.0)
    assert measured(16_000, iter(arrivals)) == []
    arrivals += live(44_100, 1024, 4, start=30.0)
    assert [rate for rate, _ in measured(16_000, iter(arrivals))] == [44_100]


def test_chunks_that_are_too_long() -> None:
    """Two chunks of two seconds say nothing about the rate."""
    assert measured(16_000, live(44_100, 32_768, 60)) == []


def test_a_flood_of_tiny_chunks_is_not_kept() -> None:
    """The measurement ends after a bounded number of chunks."""
    watch = ArrivalRate(16_000, 2)
    assert [watch.arrived(2, 0.0001 * number) for number in range(3 * MOST_CHUNKS)] == [None] * (3 * MOST_CHUNKS)
    assert len(watch._chunks) == 0


def test_eight_bit_samples() -> None:
    """Mu-law has one byte a sample."""
    watch = ArrivalRate(8_000, 1)
    found = [watch.arrived(256, 0.016 * number) for number in range(400)]
    assert [rate for rate in found if rate] == [16_000]
