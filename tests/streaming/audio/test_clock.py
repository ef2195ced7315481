"""The clock: sound time to wall time, across pauses."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio import clock as clock_module
from streaming.audio.clock import BEHIND_S, Clock, DatedClock, steady_time_of

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


def resent(clock: DatedClock, age: float, speed: float, pauses: dict[int, float] | None = None) -> float:
    """Send audio that began `age` s before NOON, in chunks of 0.1 s, until it has caught up; return how many seconds of it that were."""
    place, now = 0.0, 0.0
    number = 0
    while True:
        now += (pauses or {}).get(number, 0.0) + 0.1 / speed
        if place + 0.1 > age + now:  # it is not recorded yet
            return place
        clock.arrived(place, after(now))
        clock.ended(place + 0.1, after(now))
        place, number = place + 0.1, number + 1


def test_audio_that_is_sent_again_is_dated_by_when_it_was_said() -> None:
    """Half a minute of it, and what is said afterwards."""
    clock = DatedClock(after(-30))
    place = resent(clock, 30, speed=8)
    assert clock.at(0.0) == after(-30)
    assert clock.at(place) == after(-30 + place)
    assert place > 30


def test_a_slow_server_does_not_shift_audio_that_is_sent_again() -> None:
    """While the client catches up, a delay is no pause of its microphone."""
    clock = DatedClock(after(-30))
    place = resent(clock, 30, speed=8, pauses={40: 5.0, 200: 3.0})
    assert abs(clock.at(place) - after(-30 + place)) < timedelta(seconds=0.01)


def test_a_late_start_request_is_made_up_for() -> None:
    """It took 0.2 s to the server, so that the audio seems younger than it is; the first chunk that comes quickly tells."""
    clock = DatedClock(after(-9.8))
    clock.arrived(0.0, after(0.3))
    clock.ended(10.3, after(0.3))
    assert clock.at(10.3) == after(0.3)
    assert clock.at(0.0) == after(-10)


def test_a_pause_after_it_has_caught_up_is_a_pause() -> None:
    """The computer slept for a minute: what is said then is a minute later."""
    clock = DatedClock(after(0))
    clock.arrived(0.0, after(0.1))
    clock.ended(0.1, after(0.1))
    clock.arrived(0.1, after(60.2))
    clock.ended(0.2, after(60.2))
    assert clock.at(0.05) == after(0.05)
    assert clock.at(0.2) == after(60.2)


def test_a_burst_after_a_stall_shows_that_it_was_no_pause() -> None:
    """Nothing arrived for 3 s, then all of it at once: nothing was said later because of it."""
    clock = DatedClock(after(0))
    resent(clock, 0.3, speed=8)
    clock.arrived(1.0, after(4.1))
    clock.ended(1.1, after(4.1))
    assert clock.at(1.1) == after(4.1)
    clock.arrived(1.1, after(4.1))
    clock.ended(4.1, after(4.1))
    assert abs(clock.at(1.1) - after(1.1)) < timedelta(seconds=0.01)


@given(st.floats(0, 100), st.lists(st.tuples(st.floats(0.02, 2), st.floats(0, 5)), min_size=1, max_size=50))
def test_no_audio_is_dated_after_its_arrival(age: float, chunks: list[tuple[float, float]]) -> None:
    """Whatever the delays, and times never go back."""
    clock = DatedClock(after(-age))
    place = now = 0.0
    for length, pause in chunks:
        now += pause
        clock.arrived(place, after(now))
        place += length
        clock.ended(place, after(now))
        assert clock.at(place) <= after(now)
    times = [clock.at(step * place / 40) for step in range(41)]
    assert times == sorted(times)


def test_the_time_of_a_conversation_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of the clock of the machine; a session that joins later has the same time."""
    started = time.monotonic()
    first = steady_time_of(1)
    before = first.now()
    monkeypatch.setattr(clock_module, "datetime", None)  # nobody asks for the wall clock again
    assert steady_time_of(1) is first
    passed = first.now() - before
    assert timedelta(0) <= passed <= timedelta(seconds=time.monotonic() - started)
