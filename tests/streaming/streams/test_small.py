"""The streams echo, tone and motion."""

import asyncio
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from streaming.speech.turn_detector import Turn
from streaming.streams import echo, motion, tone
from streaming.streams.motion import BLOCK, GREEN, areas
from streaming.streams.motion import Inputs as MotionInputs
from streaming.streams.tone import Inputs as ToneInputs
from tests.streaming.sessions.connections import Join, handler_of, numbers


async def test_echo_returns_the_audio(join: Join) -> None:
    """The audio comes back, at 48 kHz."""
    session = await join(echo)
    said = (np.sin(np.arange(4800) / 20) * 9000).astype(np.int16)
    handler_of(session).ended(Turn(said, 48_000))
    blocks = [await session.runner.next_audio() for _ in range(5)]
    assert np.concatenate([block.samples for block in blocks if block]).tolist() == said.tolist()


async def pitch(session: Any) -> float:
    """Return the strongest frequency of the next half second."""
    blocks = [(await session.runner.next_audio()).samples for _ in range(25)]
    wave = np.concatenate(blocks).astype(float)
    return float(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))).argmax() * 24_000 / len(wave))


async def test_a_tone_of_the_requested_pitch(join: Join) -> None:
    """The tone starts by itself, has no clicks between its pieces, and changes with its inputs."""
    session = await join(tone)
    assert await pitch(session) == pytest.approx(440, abs=3)
    session.set_input(1000.0, 0.5)
    assert await pitch(session) == pytest.approx(1000, abs=3)
    blocks = [(await session.runner.next_audio()).samples for _ in range(50)]
    steps = np.abs(np.diff(np.concatenate(blocks).astype(int)))
    assert steps.max() < 0.5 * 32767 * 2 * np.pi * 1000 / 24_000 * 1.05


def scene(left: int) -> Any:
    """Return a video frame with a bright square."""
    video_frame = np.full((160, 240, 3), 40, dtype=np.uint8)
    video_frame[64:96, left : left + 32] = 220
    return video_frame


async def process(session: Any, video_frame: Any) -> Any:
    """Send a video frame and return the result."""
    session.runner.push_video(video_frame)
    async with asyncio.timeout(30):
        return await session.runner.next_video()


async def test_motion_is_marked_and_counted(join: Join) -> None:
    """The old and the new place of a moved object are framed in green; a still frame returns unchanged; still objects are forgotten."""
    session = await join(motion)
    still = scene(32)
    assert np.array_equal(await process(session, still), still)
    assert np.array_equal(await process(session, still), still)
    moved = await process(session, scene(128))
    assert (moved == GREEN).all(axis=2).sum() > 100
    for _ in range(100):
        await process(session, scene(128))
    assert [output["moving"] for output in numbers(session)] == [0, 2, 0]
    assert numbers(session)[1]["boxes"] == [[32, 64, 64, 96], [128, 64, 160, 96]]


async def test_a_moving_object_is_one_area(join: Join) -> None:
    """The object is framed as a whole, though its middle is the same in both frames."""
    session = await join(motion)
    await process(session, np.full((160, 240, 3), 40, dtype=np.uint8))
    for left in range(0, 192, 8):
        await process(session, scene(left))
    assert [output["moving"] for output in numbers(session)] == [0, 1]


async def test_motion_with_a_threshold(join: Join) -> None:
    """A high threshold ignores small changes."""
    session = await join(motion)
    session.set_input(1.0)
    dark = np.full((160, 240, 3), 100, dtype=np.uint8)
    await process(session, dark)
    slightly = dark.copy()
    slightly[32:96, 32:96] += 60
    assert np.array_equal(await process(session, slightly), slightly)
    session.set_input(0.1)
    assert not np.array_equal(await process(session, slightly), slightly)


async def test_motion_of_each_session(join: Join) -> None:
    """A session compares its own frames only; a change of size starts again."""
    one, two = await join(motion), await join(motion)
    await process(one, scene(32))
    other = scene(128)
    assert np.array_equal(await process(two, other), other)
    larger = np.full((320, 240, 3), 250, dtype=np.uint8)
    assert np.array_equal(await process(two, larger), larger)
    assert [output["moving"] for output in numbers(one) + numbers(two)] == [0, 0]


def test_areas() -> None:
    """Blocks that touch, diagonally too, are one area; a single block is noise."""
    moving = np.zeros((6, 8), dtype=bool)
    moving[1, 1] = moving[2, 2] = moving[2, 3] = True
    moving[5, 7] = True
    assert areas(moving) == [(BLOCK, BLOCK, 4 * BLOCK, 3 * BLOCK)]


@pytest.mark.parametrize(
    ("model", "body", "field"),
    [
        (MotionInputs, {"conf_threshold": 2}, "conf_threshold"),
        (ToneInputs, {"frequency": 1}, "frequency"),
        (ToneInputs, {"pitch": 1}, "pitch"),
    ],
)
def test_inputs(model: Any, body: Any, field: str) -> None:
    """Invalid values are refused by name."""
    with pytest.raises(ValidationError, match=field):
        model.model_validate(body)
    assert model()
