"""The clock: sound time to wall time, across pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio.clock import BEHIND_S, Clock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a moment after noon."""
    return NOON + timedelta(seconds=seconds)


def test_steady_sound_counts_from_its_first_chunk() -> None:
    """Sound that comes at its own pace has one anchor."""
    clock = Clock()
    for chunk in range(100):
        clock.arrived(chunk * 0.1, after(chunk * 0.1 + 0.03 * (chunk % 3)))
    assert clock.at(5.0) == after(5.0)


def test_a_pause_moves_what_comes_after_it() -> None:
    """A microphone that was off for a minute: what is said then is a minute later, what was said before is not."""
    clock = Clock()
    clock.arrived(0.0, after(0))
    clock.arrived(10.0, after(10))
    clock.arrived(10.1, after(70))
    assert clock.at(9.0) == after(9)
    assert clock.at(12.1) == after(72)


def test_sound_faster_than_real_time_keeps_its_pace() -> None:
    """A file sent at once lasts as long as it lasts."""
    clock = Clock()
    for chunk in range(1000):
        clock.arrived(chunk * 0.1, after(chunk * 0.001))
    assert clock.at(60.0) == after(60)


def test_nothing_arrived() -> None:
    """There is no time before the first chunk."""
    with pytest.raises(ValueError, match="no sound"):
        Clock().at(0)


@given(st.lists(st.tuples(st.floats(0.02, 2), st.floats(0, 5)), min_size=1, max_size=50))
def test_the_clock_never_runs_behind_by_more_than_it_says(chunks: list[tuple[float, float]]) -> None:
    """Whatever the pauses: a chunk is said at most BEHIND_S before it arrives, and times never go back."""
    clock = Clock()
    place = now = 0.0
    for length, pause in chunks:
        now += pause
        clock.arrived(place, after(now))
        assert (after(now) - clock.at(place)).total_seconds() <= BEHIND_S + 1e-5
        place += length
    times = [clock.at(step * place / 40) for step in range(41)]
    assert times == sorted(times)
