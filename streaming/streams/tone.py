"""A tone that goes on until you hang up: a stream that only gives. New inputs begin it anew."""

from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from streaming import Stream
from streaming.audio.convert import Audio

RATE = 24_000
SECONDS_AT_ONCE = 0.1


class Inputs(BaseModel):
    """What the input hook takes."""

    model_config = ConfigDict(extra="forbid")

    frequency: float = Field(default=440.0, ge=50, le=8000, description="Pitch in hertz.")
    volume: float = Field(default=0.2, ge=0, le=1, description="Loudness, 1 is as loud as can be.")


def sine(frequency: float = 440.0, volume: float = 0.2) -> Iterator[Audio]:
    """Yield a sine wave piece by piece, without a click between the pieces."""
    times = np.arange(int(RATE * SECONDS_AT_ONCE)) / RATE
    turn = 2 * np.pi * frequency
    phase = 0.0
    while True:
        wave = volume * np.sin(turn * times + phase)
        phase = (phase + turn * SECONDS_AT_ONCE) % (2 * np.pi)
        yield RATE, wave.astype(np.float32)


tone = Stream(sine, modality="audio", mode="receive", name="tone", inputs=Inputs, time_limit=600)
