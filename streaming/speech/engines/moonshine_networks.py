"""Runs the networks of Moonshine models: a block of audio is encoded once, and the decoder reads it in steps of one or more tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from streaming.audio.pcm import Samples
from streaming.speech.engines import moonshine_graphs
from streaming.speech.engines.moonshine_graphs import HEADS, Architecture
from streaming.speech.engines.moonshine_weights import ModelWeights
from streaming.speech.vad import open_model

START, END = 1, 2
"""The first token of a text, which is not spoken, and the one after its last."""
_LEAST = float(np.finfo(np.float32).tiny)  # probability that counts as that of a token whose own is rounded to 0
_ROUNDING = float(np.finfo(np.float32).eps)  # by which a probability near 1 may be wrong
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of the decoder found, for each of its n tokens.

    Attributes:
        best: the most probable next token, n of them.
        probabilities: those of `best`, in [0, 1].
        attention: shape (n, frames), how much each was read from each frame of the audio; None if the networks do not return it.
    """

    best: list[int]
    probabilities: list[float]
    attention: NDArray[np.float32] | None


class Decode(Protocol):
    """The decode of one block of audio."""

    def step(self, tokens: Sequence[int]) -> Step:
        """Append tokens to the text. After the very first one the next is not `END`: the audio contains speech."""

    def drop(self, count: int) -> None:
        """Remove the last tokens from the text."""


class Networks(Protocol):
    """The encoder and the decoder of a model. May be used from any number of threads at the same time."""

    def begin(self, audio: Samples) -> Decode:
        """Encode a block of audio, shape (n,), float32 at 16 kHz."""


class BuiltNetworks:
    """Those that `moonshine_graphs` builds of the weights of a model. Raises RecogniserError if they cannot be loaded."""

    def __init__(self, sizes: Architecture, encoder: ModelWeights, decoder: ModelWeights, name: str) -> None:
        signed = has_vnni()
        self._sizes = sizes
        self._encoder = open_model(moonshine_graphs.encoder(sizes, encoder, decoder, signed=signed), f"the encoder of {name}")
        self._decoder = open_model(moonshine_graphs.decoder(sizes, decoder, signed=signed), f"the decoder of {name}")

    def begin(self, audio: Samples) -> "_BuiltDecode":
        cross = self._encoder.run(self._sizes.cross, {"audio": audio[None]})
        return _BuiltDecode(self._sizes, self._decoder, dict(zip(self._sizes.cross, cross, strict=True)))


class _BuiltDecode:
    def __init__(self, sizes: Architecture, decoder: InferenceSession, cross: Arrays) -> None:
        self._past, self._outputs = sizes.past, ("best", "probabilities", "attention", *sizes.present)
        self._decoder = decoder
        self._inputs = cross | dict.fromkeys(self._past, np.zeros((1, HEADS, 0, sizes.head), dtype=np.float32))
        self._length = 0

    def step(self, tokens: Sequence[int]) -> Step:
        self._inputs["tokens"] = np.array([tokens], dtype=np.int64)
        self._inputs["positions"] = np.arange(self._length, self._length + len(tokens), dtype=np.float32)[:, None]
        found: list[NDArray[Any]] = self._decoder.run(self._outputs, self._inputs)
        self._inputs.update(zip(self._past, found[3:], strict=True))
        best, probabilities = found[0][0, :, 0].tolist(), found[1][0, :, 0].tolist()
        if not self._length and best[0] == END:
            best[0] = int(found[0][0, 0, 1])
            end, second = found[1][0, 0].tolist()
            probabilities[0] = min(1.0, max(second, _LEAST) / max(1 - end, _ROUNDING))
        self._length += len(tokens)
        return Step(best, probabilities, found[2][0])

    def drop(self, count: int) -> None:
        if count:
            self._length -= count
            for name in self._past:
                self._inputs[name] = self._inputs[name][:, :, :-count]


@cache
def has_vnni(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether this processor multiplies bytes without a sign by bytes with one, and adds the products, in one instruction.

    Without it onnxruntime needs two, and the first one saturates: results would be less accurate.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(not _VNNI.isdisjoint(line.split()) for line in lines if line.startswith("flags"))
