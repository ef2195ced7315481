"""The interface of a text-to-speech engine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Speech = tuple[int, NDArray[np.float32]]
"""Samples per second, and samples of shape (n,) in [-1, 1]."""

SLOWEST, FASTEST = 0.5, 2.0


class VoiceError(RuntimeError):
    """No voice is installed, or the voice failed. The text says what to do and never contains the words to speak."""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Speech options.

    Attributes:
        voice: name of one of the engine's voices; any other name, or "", selects the default voice.
        speed: factor of the normal speed, from SLOWEST to FASTEST.
        language: language code such as "en-us", for engines with several languages.
    """

    voice: str = ""
    speed: float = 1.0
    language: str = "en-us"

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise ValueError(f"speed must be {SLOWEST} to {FASTEST}, not {self.speed}")


class Engine(Protocol):
    """A loaded text-to-speech engine. Its calls block and may come from any thread."""

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio. Raises VoiceError."""
        ...


class EngineFinder(Protocol):
    """Finds an engine that may be installed on this machine."""

    @property
    def hint(self) -> str:
        """How to install the engine."""
        ...

    def find(self, folder: Path) -> Engine | None:
        """Return the engine, or None if it is not installed; `folder` may contain the user's voice files. Raises VoiceError."""
        ...
