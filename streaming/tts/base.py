"""The interface of a text-to-speech engine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.audio.convert import audio_to_float32

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
        sex: "f" or "m", for engines with several voices of a language; "" selects the default voice.
    """

    voice: str = ""
    speed: float = 1.0
    language: str = "en-us"
    sex: Literal["", "f", "m"] = ""

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise ValueError(f"speed must be {SLOWEST} to {FASTEST}, not {self.speed}")


class Engine(Protocol):
    """A loaded text-to-speech engine. Its calls block and may come from any thread.

    One with an attribute `is_slow` that is true, which needs more than a tenth of the time of its audio, gets a long first sentence in
    two parts.
    """

    def speaks(self, language: str) -> bool:
        """Return whether the engine has a voice for a language code such as "de" or "de-AT"."""
        ...

    def synthesise(self, text: str, options: SpeechOptions) -> Speech:
        """Return a text as audio, in the language of the options if `speaks` returns true for it. Raises VoiceError."""
        ...


def primary(language: str) -> str:
    """Return the language of a code without its region, in small letters: "de" for "de_AT"."""
    return language.replace("_", "-").partition("-")[0].lower()


def checked(speech: Any, source: str) -> Speech:
    """Return what another author's `source` gave as audio, float32 of shape (n,). Raises VoiceError for anything else."""
    try:
        rate, array = speech
        samples = audio_to_float32(np.asarray(array)).reshape(-1)
    except (TypeError, ValueError):
        raise VoiceError(f"{source} must return (rate, array), int16 or float32 of shape (n,) or (1, n)") from None
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or rate < 1:
        raise VoiceError(f"{source} must return a sample rate as its first value, not {rate!r}")
    return int(rate), samples


class EngineFinder(Protocol):
    """Finds an engine that may be installed on this machine."""

    @property
    def hint(self) -> str:
        """How to install the engine."""
        ...

    def find(self, folder: Path) -> Engine | None:
        """Return the engine, or None if it is not installed; `folder` may contain the user's voice files. Raises VoiceError."""
        ...
