"""Helpers for tests of turns: a turn, a long reply, and a user who speaks and pauses."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np

from streaming.audio.rates import Pcm
from streaming.sessions.handler_runner import StreamSession
from streaming.speech.turn_detector import Turn
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.connections import RATE, connection_of, handler_of

SAID = Turn(np.arange(1600, dtype=np.int16), 16_000)
LONG: Pcm = np.zeros(10 * RATE, dtype=np.int16)


def respond(audio: Any) -> Iterator[Any]:
    """Return the duration of the turn, then long audio."""
    yield AdditionalOutputs(audio[1].shape)
    yield RATE, LONG


def logs(session: StreamSession) -> list[Any]:
    """Return the log messages so far."""
    return connection_of(session).of("log")


async def reply(session: StreamSession, turn: Turn = SAID) -> None:
    """Send speech and a pause."""
    handler_of(session).began()
    handler_of(session).ended(turn)
    await asyncio.sleep(0)
