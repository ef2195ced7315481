"""What turn takers are tested with: a turn, a long reply, and a user who speaks and pauses."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np

from streaming.audio.rates import Pcm
from streaming.sessions.handler_runner import StreamSession
from streaming.speech.turn_detector import Turn
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.lines import RATE, handler_of, line_of

SAID = Turn(np.arange(1600, dtype=np.int16), 16_000)
LONG: Pcm = np.zeros(10 * RATE, dtype=np.int16)


def respond(audio: Any) -> Iterator[Any]:
    """Say how much was said, then play something long."""
    yield AdditionalOutputs(audio[1].shape)
    yield RATE, LONG


def logs(session: StreamSession) -> list[Any]:
    """Return the log messages so far."""
    return line_of(session).of("log")


async def reply(session: StreamSession, turn: Turn = SAID) -> None:
    """Let the user speak and pause."""
    handler_of(session).began()
    handler_of(session).ended(turn)
    await asyncio.sleep(0)
