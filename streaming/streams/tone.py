"""Plays a tone until you stop; change its pitch and volume while it plays.

A stream of mode "receive", where the client only receives: a generator, which new inputs restart.
"""

from collections.abc import Iterator

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from streaming import Stream

RATE = 24_000
SECONDS_AT_ONCE = 0.1


class Inputs(BaseModel):
    """The inputs that the input hook accepts."""

    model_config = ConfigDict(extra="forbid")

    frequency: float = Field(default=440.0, ge=50, le=8000, description="Pitch in hertz.")
    volume: float = Field(default=0.2, ge=0, le=1, description="Loudness, 1 is as loud as can be.")


def sine(frequency: float = 440.0, volume: float = 0.2) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield a sine wave in blocks of SECONDS_AT_ONCE, continuous across blocks; frequency in Hz, volume 0 to 1."""
    times = np.arange(int(RATE * SECONDS_AT_ONCE)) / RATE
    turn = 2 * np.pi * frequency
    phase = 0.0
    while True:
        wave = volume * np.sin(turn * times + phase)
        phase = (phase + turn * SECONDS_AT_ONCE) % (2 * np.pi)
        yield RATE, wave.astype(np.float32)


tone = Stream(sine, modality="audio", mode="receive", name="tone", inputs=Inputs, time_limit=600, ui_args={"title": gettext_noop("Tone")})
