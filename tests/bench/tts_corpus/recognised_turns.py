"""Final results of our recogniser for a recording, with live pause detection."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.audio.codecs import AudioError, open_decoder
from streaming.speech import engines
from streaming.speech.engines.base import Recogniser, RecognitionOptions, RecognitionResult
from tests.bench.speech import RATE, Sound

_PATIENCE_S = 60.0
_SILENCE = np.zeros(RATE, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class FinalTurn:
    """One final result: the words as shown, the confidence of each in [0, 1], and its end in seconds."""

    words: tuple[str, ...]
    confidences: tuple[float, ...]
    end: float


class FinalsListener:
    """A recognition listener that keeps the final results."""

    def __init__(self) -> None:
        self.turns: list[FinalTurn] = []
        self.end = threading.Event()

    def recognised(self, result: RecognitionResult) -> None:
        """Keep a final result."""
        if result.is_final:
            self.turns.append(
                FinalTurn(tuple(word.text for word in result.words), tuple(word.confidence for word in result.words), result.end)
            )

    def speech_started(self, at: float) -> None:
        """Ignore it."""

    def audio_error(self, error: AudioError) -> None:
        """Ignore it: PCM samples are never rejected."""

    def backlog_low(self) -> None:
        """Ignore it: this client never waits for room."""

    def finished(self) -> None:
        """Signal the end."""
        self.end.set()


def recogniser(models: Path) -> Recogniser:
    """Return a loaded recogniser with one thread: the small model, or the large one if the folder `models` contains it."""
    engine = engines.make("moonshine", threads=1, models_dir=models, script="")
    engine.load()
    return engine


def transcribe(engine: Recogniser, sound: Sound) -> Sequence[FinalTurn]:
    """Return the final results for int16 audio at 16 kHz, padded with a second of silence; blocks. Raises TimeoutError."""
    listener = FinalsListener()
    recognition = engine.open(RecognitionOptions(interims=False), open_decoder("LINEAR16", RATE), listener)
    recognition.feed(np.concatenate((_SILENCE, sound, _SILENCE)).tobytes())
    recognition.stop()
    if not listener.end.wait(_PATIENCE_S):
        raise TimeoutError("the recogniser did not come to an end")
    return listener.turns
