"""Voice activity detection: the probability of speech per 32 ms of audio (Silero, ONNX), for many speakers in one call.

The model file comes from the silero_vad wheel. That package is never imported, because it would import torch.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.engines.base import RecogniserError

FRAME = 512
"""Samples of one frame: 32 ms."""

_CONTEXT = 64  # samples of the previous frame, which the model expects before each frame
_STATE = 128


def data_file(package: str, *parts: str) -> Path:
    """Return the path of a file of an installed package without importing it. Raises RecogniserError if it is missing."""
    spec = find_spec(package)
    file = Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else None
    if file is None or not file.is_file():
        raise RecogniserError(f"{'/'.join((package, *parts))} is missing: install requirements/models.txt")
    return file


def open_model(model: Path | bytes, name: str = "") -> onnxruntime.InferenceSession:
    """Return an onnxruntime session that runs in the calling thread only, because the worker threads provide the parallelism.

    The model is a file, or its bytes and a name for errors. Raises RecogniserError if it is not valid.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        source = str(model) if isinstance(model, Path) else model
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises exceptions of its own class hierarchy
        name = model.name if isinstance(model, Path) else name
        raise RecogniserError(f"{name} cannot be loaded ({type(error).__name__})") from None


class VadModel:
    """The VAD model, with one slot of state per speaker. Not thread-safe."""

    def __init__(self) -> None:
        self._session = open_model(data_file("silero_vad", "data", "silero_vad_16k_op15.onnx"))
        self._rate = np.array(RATE, dtype=np.int64)
        self._state: NDArray[np.float32] = np.zeros((2, 0, _STATE), dtype=np.float32)
        self._context: NDArray[np.float32] = np.zeros((0, _CONTEXT), dtype=np.float32)
        self._free: list[int] = []

    def take_slot(self) -> int:
        """Return the number of a free slot, with its state reset to silence."""
        if not self._free:
            slots = len(self._context)
            more = max(8, slots)
            self._state = np.concatenate((self._state, np.zeros((2, more, _STATE), dtype=np.float32)), axis=1)
            self._context = np.concatenate((self._context, np.zeros((more, _CONTEXT), dtype=np.float32)))
            self._free.extend(range(slots + more - 1, slots - 1, -1))
        slot = self._free.pop()
        self._state[:, slot] = 0
        self._context[slot] = 0
        return slot

    def free_slot(self, slot: int) -> None:
        """Release a slot."""
        self._free.append(slot)

    def probabilities(self, slots: list[int], frames: list[Samples]) -> list[float]:
        """Return the speech probability, in [0, 1], of the next frame (512 samples, float32, 16 kHz) of each slot."""
        block = np.empty((len(slots), _CONTEXT + FRAME), dtype=np.float32)
        block[:, :_CONTEXT] = self._context[slots]
        for row, frame in enumerate(frames):
            block[row, _CONTEXT:] = frame
        output, state = self._session.run(None, {"input": block, "state": self._state[:, slots], "sr": self._rate})
        self._state[:, slots] = state
        self._context[slots] = block[:, -_CONTEXT:]
        probabilities: list[float] = output[:, 0].tolist()
        return probabilities
