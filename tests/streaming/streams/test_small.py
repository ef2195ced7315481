"""Echo, tone and motion."""

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


async def test_echo_says_it_again(join: Join) -> None:
    """What was said comes back, at 48 kHz."""
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


async def test_a_tone_of_the_pitch_that_was_asked_for(join: Join) -> None:
    """It begins by itself, has no clicks between its pieces, and changes with its inputs."""
    session = await join(tone)
    assert await pitch(session) == pytest.approx(440, abs=3)
    session.set_input(1000.0, 0.5)
    assert await pitch(session) == pytest.approx(1000, abs=3)
    blocks = [(await session.runner.next_audio()).samples for _ in range(50)]
    steps = np.abs(np.diff(np.concatenate(blocks).astype(int)))
    assert steps.max() < 0.5 * 32767 * 2 * np.pi * 1000 / 24_000 * 1.05


def scene(left: int) -> Any:
    """Return a picture with a bright square."""
    picture = np.full((160, 240, 3), 40, dtype=np.uint8)
    picture[64:96, left : left + 32] = 220
    return picture


async def see(session: Any, picture: Any) -> Any:
    """Show a picture and return what comes back."""
    session.runner.push_video(picture)
    async with asyncio.timeout(30):
        return await session.runner.next_video()


async def test_motion_is_marked_and_counted(join: Join) -> None:
    """A thing that moved is framed in green where it was and where it is; a still picture comes back as it was; what rests is forgotten."""
    session = await join(motion)
    still = scene(32)
    assert np.array_equal(await see(session, still), still)
    assert np.array_equal(await see(session, still), still)
    moved = await see(session, scene(128))
    assert (moved == GREEN).all(axis=2).sum() > 100
    for _ in range(100):
        await see(session, scene(128))
    assert [told["moving"] for told in numbers(session)] == [0, 2, 0]
    assert numbers(session)[1]["boxes"] == [[32, 64, 64, 96], [128, 64, 160, 96]]


async def test_one_thing_on_its_way_is_one(join: Join) -> None:
    """It is framed as a whole, though its middle looks the same from one picture to the next."""
    session = await join(motion)
    await see(session, np.full((160, 240, 3), 40, dtype=np.uint8))
    for left in range(0, 192, 8):
        await see(session, scene(left))
    assert [told["moving"] for told in numbers(session)] == [0, 1]


async def test_motion_with_a_threshold(join: Join) -> None:
    """A high threshold leaves small changes alone."""
    session = await join(motion)
    session.set_input(1.0)
    dark = np.full((160, 240, 3), 100, dtype=np.uint8)
    await see(session, dark)
    slightly = dark.copy()
    slightly[32:96, 32:96] += 60
    assert np.array_equal(await see(session, slightly), slightly)
    session.set_input(0.1)
    assert not np.array_equal(await see(session, slightly), slightly)


async def test_motion_of_each_session(join: Join) -> None:
    """Nobody is compared with somebody else's picture; a change of size begins anew."""
    one, two = await join(motion), await join(motion)
    await see(one, scene(32))
    other = scene(128)
    assert np.array_equal(await see(two, other), other)
    larger = np.full((320, 240, 3), 250, dtype=np.uint8)
    assert np.array_equal(await see(two, larger), larger)
    assert [told["moving"] for told in numbers(one) + numbers(two)] == [0, 0]


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
    """What makes no sense is refused by name."""
    with pytest.raises(ValidationError, match=field):
        model.model_validate(body)
    assert model()
