"""What a voice is, and which of those that Parley knows are installed here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Speech = tuple[int, NDArray[np.float32]]
"""Samples per second, and samples of shape (n,) in [-1, 1]."""

SLOWEST, FASTEST = 0.5, 2.0


class VoiceError(RuntimeError):
    """There is no voice, or it failed; the text says what to do, and nothing of what was to be said."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to say something.

    Attributes:
        voice: one of the engine's voices; any other name, or none, is its usual one.
        speed: times the usual speed, SLOWEST to FASTEST.
        language: as "en-us"; for engines that speak several.
    """

    voice: str = ""
    speed: float = 1.0
    language: str = "en-us"

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise ValueError(f"speed must be {SLOWEST} to {FASTEST}, not {self.speed}")


class Engine(Protocol):
    """A voice that is ready to speak; it blocks, and may be used from any thread."""

    def say(self, text: str, manner: Manner) -> Speech:
        """Return some text as sound. Raises VoiceError."""
        ...


class Maker(Protocol):
    """How to get an engine."""

    @property
    def hint(self) -> str:
        """How to install it."""
        ...

    def find(self, folder: Path) -> Engine | None:
        """Return the engine, None where it is not installed; `folder` is where voice files of one's own lie. Raises VoiceError."""
        ...
