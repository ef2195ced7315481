"""Pause detection by chunks, for handlers with their own VAD model or their own decision about pauses.

This is FastRTC's method, with its weakness that each chunk is judged separately. Other handlers do not use it.
"""

import threading
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

import numpy as np

from streaming.audio.convert import Audio, audio_to_float32, mono
from streaming.audio.pcm import RATE
from streaming.audio.rates import Converter, Pcm
from streaming.handlers.endpointing_options import AlgoOptions, SileroVadOptions
from streaming.speech.vad import FRAME, VadModel


class AudioChunk(TypedDict):
    """A segment of speech: its first sample, and the one after its last, at 16 kHz."""

    start: int
    end: int


@dataclass
class AppState:
    """The state of the user's turn, for handlers that override `process_audio` or `determine_pause`.

    `buffer` is the incomplete chunk, `stream` the turn so far; both int16 of shape (n,).
    """

    stream: Pcm | None = None
    sampling_rate: int = 0
    pause_detected: bool = False
    started_talking: bool = False
    responding: bool = False
    buffer: Pcm | None = None

    def new(self) -> "AppState":
        """Return the initial state, without any speech."""
        return AppState()


class PauseModel(Protocol):
    """A model that finds speech in a chunk."""

    def vad(self, audio: Audio, options: Any) -> tuple[float, list[AudioChunk]]:
        """Return the seconds of speech in the audio, and the segments of speech."""

    def warmup(self) -> None:
        """Load the model."""


class SileroModel:
    """Our own VAD as a PauseModel. The methods block; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: VadModel | None = None

    def warmup(self) -> None:
        """Load the model, unless it is loaded."""
        with self._lock:
            self._model = self._model or VadModel()

    def vad(self, audio: Audio, options: SileroVadOptions | None = None) -> tuple[float, list[AudioChunk]]:
        """Return the seconds of speech in the audio, and the segments of speech."""
        self.warmup()
        rate, samples = audio
        converter = Converter(RATE)
        pcm = np.concatenate((converter.push(mono(rate, np.asarray(samples)), rate), converter.flush()))
        frames = audio_to_float32(pcm[: len(pcm) - len(pcm) % FRAME]).reshape(-1, FRAME)
        threshold = (options or SileroVadOptions()).threshold
        chunks: list[AudioChunk] = []
        with self._lock:
            assert self._model is not None  # noqa: S101  # warmed up above
            slot = self._model.take_slot()
            for number, frame in enumerate(frames):
                if self._model.probabilities([slot], [frame])[0] < threshold:
                    continue
                if chunks and chunks[-1]["end"] == number * FRAME:
                    chunks[-1]["end"] += FRAME
                else:
                    chunks.append({"start": number * FRAME, "end": (number + 1) * FRAME})
            self._model.free_slot(slot)
        return sum(chunk["end"] - chunk["start"] for chunk in chunks) / RATE, chunks


def add_to_buffer(state: AppState, rate: int, samples: Pcm) -> Pcm:
    """Append a frame to the incomplete chunk and return that chunk."""
    state.sampling_rate = state.sampling_rate or rate
    state.buffer = samples if state.buffer is None else np.concatenate((state.buffer, samples))
    return state.buffer


def chunk_ends_turn(model: PauseModel, options: AlgoOptions, model_options: Any, audio: Pcm, rate: int, state: AppState) -> bool:
    """Update the state with a chunk that is long enough; return True if the user paused or the turn is too long."""
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
