"""The clock of sent audio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.transports.pacing import STALL_S, PlaybackPace

LEAD = 0.2


def test_live_audio_never_waits() -> None:
    """Blocks that arrive in real time are sent at once."""
    pace = PlaybackPace(LEAD)
    for n in range(1000):
        assert pace.wait(n * 0.02) == 0
        pace.sent(0.02, n * 0.02)


def test_fast_audio_is_sent_without_drift() -> None:
    """A minute of queued audio is sent in a minute less the lead, however late each timer fires."""
    pace = PlaybackPace(LEAD)
    now = 100.0
    pace.sent(0.5, now - 2 * STALL_S)  # it has talked before
    for n in range(3000):
        now += pace.wait(now) + (0.004 if n % 3 == 0 else 0)
        pace.sent(0.02, now)
        assert pace.ahead(now) <= LEAD + 0.02 + 1e-9
    assert now == pytest.approx(100 + 60 - LEAD, abs=0.03)


def test_ten_minutes_do_not_drift() -> None:
    """Each block is sent at its time, a lead ahead of real time, and no earlier."""
    pace, now, sent = PlaybackPace(LEAD, stall=0.3), 100.0, 0
    pace.begin(now)
    for _ in range(30_000):
        while pace.wait(now) <= 0:
            pace.sent(0.02, now)
            sent += 1
        assert abs(sent * 0.02 - (now - 100.0) - LEAD) <= 0.02 + 1e-6
        now += 0.02


def test_a_pause_differs_from_a_stall() -> None:
    """The length of a pause is returned once; lateness up to the limit is no pause."""
    pace = PlaybackPace(LEAD, stall=0.3)
    pace.begin(1.0)
    assert pace.sent(0.02, 1.0) == 0
    assert pace.sent(0.02, 1.3) == 0
    assert pace.sent(0.02, 4.04) == pytest.approx(3.0)
    assert pace.sent(0.02, 4.04) == 0


def test_a_stall_is_caught_up() -> None:
    """Live audio that was delayed by less than a second is in time again at once."""
    pace = PlaybackPace(LEAD)
    for n in range(50):
        pace.sent(0.02, n * 0.02)
    for _ in range(45):  # 0.9 s of blocks that were held up
        assert pace.wait(1.9) == 0
        pace.sent(0.02, 1.9)
    for n in range(100):
        assert pace.wait(1.9 + n * 0.02) == 0
        pace.sent(0.02, 1.9 + n * 0.02)


def test_a_blocked_process_catches_up() -> None:
    """Three seconds of delayed audio are sent at once; three seconds of silence give no such credit."""
    for stood_still, waits in ((3.0, False), (0.0, True)):
        pace = PlaybackPace(LEAD, lambda now, stall=stood_still: stall)
        pace.sent(0.02, 0.0)
        for _ in range(150):
            late = pace.wait(3.0)
            if not late:
                pace.sent(0.02, 3.0)
        assert (late > 0) is waits


def test_after_a_pause_it_starts_anew() -> None:
    """Time that passed in a pause is not made up for."""
    pace = PlaybackPace(LEAD)
    pace.sent(0.02, 1.0)
    pace.sent(0.02, 5.0)
    assert pace.ahead(5.0) == pytest.approx(0.02)
    assert pace.wait(5.0) == 0


@given(st.floats(0, 5))
def test_audio_after_cleared_audio_is_not_late(produced_s: float) -> None:
    """The reply after an interruption begins with no more than the lead, however soon it is there."""
    pace, now = PlaybackPace(LEAD), 100.0
    pace.begin(now)
    pace.sent(0.02, now)
    pace.clear(now)
    now += produced_s
    for _ in range(50):
        now += pace.wait(now)
        pace.sent(0.02, now)
        assert pace.ahead(now) <= LEAD + 0.02 + 1e-6


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0, 1)), max_size=50))
def test_played_audio_adds_up(steps: list[tuple[float, float]]) -> None:
    """In the end all sent audio counts as played, once, and never more than was sent."""
    pace, now, sent, played = PlaybackPace(LEAD), 0.0, 0.0, 0.0
    for seconds, pause in steps:
        pace.sent(seconds, now)
        sent += seconds
        now += pause
        played += pace.played(now)
        assert played <= sent + 1e-9
    played += pace.played(now + 100)
    assert played == pytest.approx(sent)


def test_cleared_audio_is_not_played() -> None:
    """Cleared audio does not count as played."""
    pace = PlaybackPace(LEAD)
    pace.sent(1.0, 0.0)
    pace.clear(0.25)
    assert pace.ahead(0.25) == 0
    assert pace.played(9.0) == pytest.approx(0.25)


@given(st.floats(0, 5))
def test_audio_after_a_pause_of_the_reply_is_not_late(paused_s: float) -> None:
    """However short the pause was: nothing is caught up, no more than the lead is sent ahead, and the length is returned once."""
    pace = PlaybackPace(LEAD)
    now = 100.0
    pace.begin(now)
    while pace.wait(now) <= 0:
        pace.sent(0.02, now)
    ahead = pace.ahead(now)
    now += paused_s
    pace.resume(now)
    assert pace.sent(0.02, now + pace.wait(now)) == pytest.approx(max(0.0, paused_s - ahead), abs=1e-6)
    for _ in range(20):
        now += pace.wait(now)
        assert pace.sent(0.02, now) == 0
        assert pace.ahead(now) <= LEAD + 0.02 + 1e-6


@given(st.floats(0, 0.9))
def test_a_client_without_a_jitter_buffer_holds_little_after_a_stall(stall_s: float) -> None:
    """With a limit, audio that a stall delayed is not sent at once: the client had nothing to play meanwhile, and plays it later."""
    pace = PlaybackPace(0.06)
    pace.catch_up = 0.04
    now = 100.0
    pace.begin(now)
    while pace.wait(now) <= 0:
        pace.sent(0.02, now)
    now += stall_s
    for _ in range(50):
        now += pace.wait(now)
        pace.sent(0.02, now)
        assert pace.ahead(now) <= 0.06 + 0.04 + 0.02 + 1e-6


@given(st.floats(0, 5), st.floats(0.001, 0.3))
def test_a_client_that_pauses_keeps_what_it_has(paused_s: float, played_s: float) -> None:
    """In a pause of the playback nothing counts as played; afterwards the rest does, and audio is sent as far ahead as before."""
    pace = PlaybackPace(LEAD)
    pace.begin(100.0)
    while pace.wait(100.0) <= 0:
        pace.sent(0.02, 100.0)
    now = 100.0 + played_s
    held, counted = pace.ahead(now), pace.played(now)
    pace.hold(now)
    now += paused_s
    assert pace.ahead(now) == held
    assert pace.played(now) == 0
    pace.release(now)
    pace.resume(now)
    assert pace.ahead(now) == pytest.approx(held)
    assert pace.wait(now) == pytest.approx(max(0.0, held - LEAD))
    assert counted + pace.played(now + 9) == pytest.approx(0.22)
