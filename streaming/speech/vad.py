"""Voice activity detection: the probability of speech per 32 ms of audio (Silero), for many frames of many speakers in one call.

The weights come from the silero_vad wheel. That package is never imported, because it would import torch. The graphs in the wheel process
one frame in a call, or the frames of one speaker; `vad_graph.py` builds one for both.
"""

from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import onnxruntime

from streaming.audio.pcm import Samples
from streaming.speech import vad_graph
from streaming.speech.engines.base import RecogniserError

FRAME = 512
"""Samples of one frame: 32 ms."""

_CONTEXT = 64  # samples of the previous frame, which the model expects before each frame
_STATE = vad_graph.STATE
_PADDED = _CONTEXT + FRAME + vad_graph.MIRRORED  # samples from which the windows of one frame are cut


_IN_WHEEL = Path(__file__).resolve().parents[2] / "models"
"""Where a wheel of Parley has the weights that it was built with (tools/wheel.py)."""


def data_file(package: str, *parts: str) -> Path:
    """Return the path of a file with weights: one in Parley's own wheel, else one of an installed package, which is not imported.

    Raises RecogniserError if it is missing.
    """
    own = _IN_WHEEL.joinpath(package, *parts)
    if own.is_file():
        return own
    spec = find_spec(package)
    file = Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else None
    if file is None or not file.is_file():
        raise RecogniserError(f"{'/'.join((package, *parts))} is missing: install requirements/models.txt")
    return file


def open_model(model: Path | bytes, name: str = "") -> "onnxruntime.InferenceSession":
    """Return an onnxruntime session that runs in the calling thread only, because the worker threads provide the parallelism.

    The model is a file, or its bytes and a name for errors. Raises RecogniserError if it is not valid.
    """
    if isinstance(model, bytes):
        with NamedTemporaryFile(suffix=".onnx") as file:  # a session that is opened from bytes keeps them beside what it makes of them
            file.write(model)
            file.flush()
            return open_model(Path(file.name), name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises exceptions of its own class hierarchy
        raise RecogniserError(f"{name or model.name} cannot be loaded ({type(error).__name__})") from None


class VadModel:
    """The VAD model, with one slot of state per speaker. Not thread-safe."""

    def __init__(self) -> None:
        file = data_file("silero_vad", "data", "silero_vad_16k_op15.onnx")
        weights = vad_graph.read_weights(file)
        self._window = vad_graph.window(weights)
        self._session = open_model(vad_graph.build(weights), file.name)
        self._hidden: Samples = np.zeros((0, _STATE), dtype=np.float32)
        self._cell: Samples = np.zeros((0, _STATE), dtype=np.float32)
        self._context: Samples = np.zeros((0, _CONTEXT), dtype=np.float32)
        self._free: list[int] = []

    def take_slot(self) -> int:
        """Return the number of a free slot, with its state reset to silence."""
        if not self._free:
            slots = len(self._context)
            more = max(8, slots)
            self._hidden, self._cell, self._context = (
                np.concatenate((values, np.zeros((more, values.shape[1]), dtype=np.float32)))
                for values in (self._hidden, self._cell, self._context)
            )
            self._free.extend(range(slots + more - 1, slots - 1, -1))
        slot = self._free.pop()
        self._hidden[slot] = self._cell[slot] = self._context[slot] = 0
        return slot

    def free_slot(self, slot: int) -> None:
        """Release a slot."""
        self._free.append(slot)

    def probabilities(self, slots: Sequence[int], frames: Sequence[Samples]) -> list[float]:
        """Return the speech probability, in [0, 1], of the next frame (512 samples, float32, 16 kHz) of each slot."""
        return [found[0] for found in self.of_blocks(slots, [frame[None] for frame in frames])]

    def of_blocks(self, slots: Sequence[int], blocks: Sequence[Samples]) -> list[list[float]]:
        """Return the speech probability, in [0, 1], of each of the next frames of each slot.

        Args:
            slots: different slots.
            blocks: the frames of each, shape (n, 512), float32, 16 kHz; n may differ, and slots with the same n share a call.
        """
        alike: defaultdict[int, list[int]] = defaultdict(list)
        for place, block in enumerate(blocks):
            alike[len(block)].append(place)
        found: list[list[float]] = [[]] * len(blocks)
        for places in alike.values():
            batch = self._run([slots[place] for place in places], [blocks[place] for place in places])
            for place, probabilities in zip(places, batch, strict=True):
                found[place] = probabilities
        return found

    def _run(self, slots: list[int], blocks: list[Samples]) -> list[list[float]]:
        """Return the probabilities of blocks with the same number of frames."""
        frames, speakers = len(blocks[0]), len(blocks)
        padded = np.empty((frames, speakers, _PADDED), dtype=np.float32)
        end = _CONTEXT + FRAME
        for row, block in enumerate(blocks):
            padded[:, row, _CONTEXT:end] = block
        padded[0, :, :_CONTEXT] = self._context[slots]
        padded[1:, :, :_CONTEXT] = padded[:-1, :, end - _CONTEXT : end]
        padded[:, :, end:] = padded[:, :, end - 1 - vad_graph.MIRRORED : end - 1][:, :, ::-1]
        output, hidden, cell = self._session.run(
            None,
            {
                "surroundings": vad_graph.surroundings(padded, self._window),
                "sizes": np.array([frames, speakers, _STATE], dtype=np.int64),
                "hidden": self._hidden[slots][None],
                "cell": self._cell[slots][None],
            },
        )
        self._hidden[slots], self._cell[slots] = hidden[0], cell[0]
        self._context[slots] = padded[-1, :, end - _CONTEXT : end]
        probabilities: list[list[float]] = output.reshape(frames, speakers).T.tolist()
        return probabilities
