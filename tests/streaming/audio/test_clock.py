"""The clock: from audio time to wall time, across pauses."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.audio import clock as clock_module
from streaming.audio.clock import BEHIND_S, Clock, DatedClock, steady_time_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a time after noon."""
    return NOON + timedelta(seconds=seconds)


def test_steady_audio_counts_from_its_first_chunk() -> None:
    """Audio that arrives in real time has one anchor."""
    clock = Clock()
    for chunk in range(100):
        clock.arrived(chunk * 0.1, after(chunk * 0.1 + 0.03 * (chunk % 3)))
    assert clock.at(5.0) == after(5.0)


def test_a_pause_moves_later_times() -> None:
    """A pause of a minute moves later times by a minute, and leaves earlier times unchanged."""
    clock = Clock()
    clock.arrived(0.0, after(0))
    clock.arrived(10.0, after(10))
    clock.arrived(10.1, after(70))
    assert clock.at(9.0) == after(9)
    assert clock.at(12.1) == after(72)


def test_audio_faster_than_real_time_keeps_its_duration() -> None:
    """A file sent at once keeps its duration."""
    clock = Clock()
    for chunk in range(1000):
        clock.arrived(chunk * 0.1, after(chunk * 0.001))
    assert clock.at(60.0) == after(60)


def test_no_time_before_the_first_chunk() -> None:
    """There is no time before the first chunk."""
    with pytest.raises(ValueError, match="no audio"):
        Clock().at(0)


@given(st.lists(st.tuples(st.floats(0.02, 2), st.floats(0, 5)), min_size=1, max_size=50))
def test_the_delay_of_the_clock_is_bounded(chunks: list[tuple[float, float]]) -> None:
    """The time of a chunk is at most BEHIND_S before its arrival, and times never decrease, whatever the pauses."""
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
    """Send audio that began `age` s before NOON, in chunks of 0.1 s, until real time is reached; return its duration."""
    place, now = 0.0, 0.0
    number = 0
    while True:
        now += (pauses or {}).get(number, 0.0) + 0.1 / speed
        if place + 0.1 > age + now:  # this audio is not recorded yet
            return place
        clock.arrived(place, after(now))
        clock.ended(place + 0.1, after(now))
        place, number = place + 0.1, number + 1


def test_resent_audio_has_the_time_of_its_speech() -> None:
    """Half a minute of resent audio, and later live audio, have the time of speech."""
    clock = DatedClock(after(-30))
    place = resent(clock, 30, speed=8)
    assert clock.at(0.0) == after(-30)
    assert clock.at(place) == after(-30 + place)
    assert place > 30


def test_a_slow_server_does_not_shift_resent_audio() -> None:
    """A delay while the client resends audio is no pause of its microphone."""
    clock = DatedClock(after(-30))
    place = resent(clock, 30, speed=8, pauses={40: 5.0, 200: 3.0})
    assert abs(clock.at(place) - after(-30 + place)) < timedelta(seconds=0.01)


def test_a_late_start_request_is_corrected() -> None:
    """A delay of 0.2 s of the start_request makes the audio seem newer; the first chunk that arrives quickly corrects it."""
    clock = DatedClock(after(-9.8))
    clock.arrived(0.0, after(0.3))
    clock.ended(10.3, after(0.3))
    assert clock.at(10.3) == after(0.3)
    assert clock.at(0.0) == after(-10)


def test_a_pause_after_resent_audio_is_a_pause() -> None:
    """A pause of a minute moves later times by a minute."""
    clock = DatedClock(after(0))
    clock.arrived(0.0, after(0.1))
    clock.ended(0.1, after(0.1))
    clock.arrived(0.1, after(60.2))
    clock.ended(0.2, after(60.2))
    assert clock.at(0.05) == after(0.05)
    assert clock.at(0.2) == after(60.2)


def test_resent_audio_with_a_gap_has_the_time_of_its_speech() -> None:
    """Audio before a pause and audio after it, sent at once after the pause, have the time of their speech."""
    clock = DatedClock(after(-100))
    for chunk in range(150):
        if chunk == 50:
            clock.skipped(5.0, 60.0)
        now = after(chunk * 0.0125)
        clock.arrived(chunk / 10, now)
        clock.ended((chunk + 1) / 10, now)
    assert clock.at(4.9) == after(-95.1)
    assert clock.at(5.1) == after(-34.9)
    assert clock.at(15.0) == after(-25)


def test_a_gap_before_the_first_audio_has_no_effect() -> None:
    """The first audio is dated by its arrival."""
    clock = Clock()
    clock.skipped(0.0, 60.0)
    clock.arrived(0.0, after(1))
    assert clock.at(0.0) == after(1)


def test_a_burst_after_a_stall_is_no_pause() -> None:
    """Audio that arrives at once after a stall of 3 s keeps its time."""
    clock = DatedClock(after(0))
    resent(clock, 0.3, speed=8)
    clock.arrived(1.0, after(4.1))
    clock.ended(1.1, after(4.1))
    assert clock.at(1.1) == after(4.1)
    clock.arrived(1.1, after(4.1))
    clock.ended(4.1, after(4.1))
    assert abs(clock.at(1.1) - after(1.1)) < timedelta(seconds=0.01)


@given(st.floats(0, 100), st.lists(st.tuples(st.floats(0.02, 2), st.floats(0, 5)), min_size=1, max_size=50))
def test_no_time_is_after_the_arrival(age: float, chunks: list[tuple[float, float]]) -> None:
    """No time is after the arrival of its audio, whatever the delays, and times never decrease."""
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
    """The time of a conversation does not follow the wall clock; a session that joins later has the same time."""
    started = time.monotonic()
    first = steady_time_of(1)
    before = first.now()
    monkeypatch.setattr(clock_module, "datetime", None)  # the wall clock is not read again
    assert steady_time_of(1) is first
    passed = first.now() - before
    assert timedelta(0) <= passed <= timedelta(seconds=time.monotonic() - started)
