"""What our recogniser writes for a sound: the live way, with its pause detection, as finals only."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.audio.codecs import AudioError, open_decoder
from streaming.speech import engines
from streaming.speech.engines.base import Hypothesis, Recogniser, RecognitionOptions
from tests.bench.speech import RATE, Sound

_PATIENCE_S = 60.0
_SILENCE = np.zeros(RATE, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Turn:
    """One final: the words as shown, how sure the recogniser is of each in [0, 1], and when it ended, in seconds."""

    words: tuple[str, ...]
    confidences: tuple[float, ...]
    end: float


class Ear:
    """A listener that keeps the finals."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.end = threading.Event()

    def hypothesis(self, h: Hypothesis) -> None:
        """Keep a final."""
        if h.is_final:
            self.turns.append(Turn(tuple(word.text for word in h.words), tuple(word.confidence for word in h.words), h.end))

    def speech_started(self, at: float) -> None:
        """Nobody asks."""

    def trouble(self, error: AudioError) -> None:
        """Plain samples are never refused."""

    def drained(self) -> None:
        """Nobody waits for room."""

    def finished(self) -> None:
        """Note the end."""
        self.end.set()


def recogniser(models: Path) -> Recogniser:
    """Our recogniser with one thread, ready: the small model, or the large one where the folder `models` holds it."""
    engine = engines.make("moonshine", threads=1, models_dir=models, script="")
    engine.load()
    return engine


def hear(engine: Recogniser, sound: Sound) -> Sequence[Turn]:
    """The finals of a sound, int16 at 16 kHz, a second of silence around it; blocks. Raises TimeoutError if there is no end."""
    ear = Ear()
    recognition = engine.open(RecognitionOptions(interims=False), open_decoder("LINEAR16", RATE), ear)
    recognition.feed(np.concatenate((_SILENCE, sound, _SILENCE)).tobytes())
    recognition.stop()
    if not ear.end.wait(_PATIENCE_S):
        raise TimeoutError("the recogniser did not come to an end")
    return ear.turns
