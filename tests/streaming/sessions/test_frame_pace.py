"""The frame rate of generated video."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.sessions.handler_runner import FramePace

FPS = 25.0


def made(pace: FramePace, since: float) -> list[float]:
    """Return the times of five frames that are made as soon as they are requested."""
    times = [since]
    while len(times) < 5:
        times.append(times[-1] + pace.delay_s(times[-1]))
    return [round(time - since, 3) for time in times]


def test_frames_that_are_made_at_once_are_spread() -> None:
    """The first two may come together; after a pause there is no burst to catch up."""
    pace = FramePace(FPS)
    assert made(pace, 10.0) == made(pace, 60.0) == [0, 0, 0.04, 0.08, 0.12]
    assert made(FramePace(FPS, early=3), 10.0) == [0, 0, 0, 0, 0.04]


@given(st.lists(st.floats(0, 3), max_size=50))
def test_a_camera_is_not_delayed(late: list[float]) -> None:
    """Each frame is requested before it comes, if it is late by less than the frames that may come early."""
    pace, requested, before = FramePace(FPS, early=3), 0.0, 0.0
    for number, frames in enumerate(late):
        before = came = max(before, (number + frames) / FPS)
        assert requested <= came + 1e-9
        requested = came + pace.delay_s(came)


def test_no_frame_rate_is_no_limit() -> None:
    """With 0 frames are requested at once."""
    assert made(FramePace(0), 1.0) == [0, 0, 0, 0, 0]
