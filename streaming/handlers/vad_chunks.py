"""Pause detection chunk by chunk, for handlers that bring a model of their own or decide about pauses themselves.

That is FastRTC's way, with its weaknesses: a chunk is judged on its own. Handlers that do neither never come here.
"""

import threading
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from streaming.audio.convert import Audio, audio_to_float32, mono
from streaming.audio.pcm import RATE
from streaming.audio.rates import Converter, Pcm
from streaming.handlers.options import AlgoOptions, SileroVadOptions
from streaming.speech.vad import FRAME, Voice

Chunk = dict[str, int]
"""`start` and `end` of a stretch of speech, in samples at 16 kHz."""


@dataclass
class AppState:
    """How far the user's turn is; handlers that override `process_audio` or `determine_pause` work with it.

    `buffer` is the chunk that is being filled, `stream` the turn so far; both int16 of shape (n,).
    """

    stream: Pcm | None = None
    sampling_rate: int = 0
    pause_detected: bool = False
    started_talking: bool = False
    responding: bool = False
    buffer: Pcm | None = None

    def new(self) -> "AppState":
        """Return the state of a session in which nobody has spoken."""
        return AppState()


class PauseModel(Protocol):
    """What tells speech from silence in a chunk."""

    def vad(self, audio: Audio, options: Any) -> tuple[float, list[Chunk]]:
        """Return how many seconds of speech are in the sound, and where."""

    def warmup(self) -> None:
        """Get ready."""


class SileroModel:
    """Our own detector as such a model; blocks, any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._voice: Voice | None = None

    def warmup(self) -> None:
        """Read the model."""
        with self._lock:
            self._voice = self._voice or Voice()

    def vad(self, audio: Audio, options: SileroVadOptions | None = None) -> tuple[float, list[Chunk]]:
        """Return how many seconds of speech are in the sound, and where."""
        self.warmup()
        rate, samples = audio
        converter = Converter(RATE)
        heard = np.concatenate((converter.push(mono(rate, np.asarray(samples)), rate), converter.flush()))
        frames = audio_to_float32(heard[: len(heard) - len(heard) % FRAME]).reshape(-1, FRAME)
        threshold = (options or SileroVadOptions()).threshold
        chunks: list[Chunk] = []
        with self._lock:
            assert self._voice is not None  # noqa: S101  # warmed up above
            slot = self._voice.take_slot()
            for number, frame in enumerate(frames):
                if self._voice.probabilities([slot], [frame])[0] < threshold:
                    continue
                if chunks and chunks[-1]["end"] == number * FRAME:
                    chunks[-1]["end"] += FRAME
                else:
                    chunks.append({"start": number * FRAME, "end": (number + 1) * FRAME})
            self._voice.free_slot(slot)
        return sum(chunk["end"] - chunk["start"] for chunk in chunks) / RATE, chunks


def add_to_buffer(state: AppState, rate: int, samples: Pcm) -> Pcm:
    """Put a frame behind the chunk that is being filled and return that chunk."""
    state.sampling_rate = state.sampling_rate or rate
    state.buffer = samples if state.buffer is None else np.concatenate((state.buffer, samples))
    return state.buffer


def chunk_ends_turn(model: PauseModel, options: AlgoOptions, model_options: Any, audio: Pcm, rate: int, state: AppState) -> bool:
    """Judge a chunk once it is long enough: does somebody begin to speak, go on, or pause? True for a pause."""
    if len(audio) < options.audio_chunk_duration * rate:
        return False
    state.buffer = None
    speech, _ = model.vad((rate, audio), model_options)
    if speech > options.started_talking_threshold:
        state.started_talking = True
    if not state.started_talking:
        return False
    state.stream = audio if state.stream is None else np.concatenate((state.stream, audio))
    return speech < options.speech_threshold or len(state.stream) >= options.max_continuous_speech_s * rate
