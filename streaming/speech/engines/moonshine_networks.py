"""Runs the networks of Moonshine models: a block of audio is encoded once, and the decoder reads it in steps of one or more tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import Samples
from streaming.speech.engines import moonshine_graphs
from streaming.speech.engines.moonshine_graphs import HEAD, HEADS, HEARD, PAST, PRESENT
from streaming.speech.ort_graph import OrtGraph
from streaming.speech.vad import open_model

START, END = 1, 2
"""The first token of a text, which is not spoken, and the one after its last."""
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of the decoder found, for each of its n tokens.

    Attributes:
        best: the most probable next token, n of them.
        probabilities: those of `best`, in [0, 1].
        attention: shape (n, frames), how much each was read from each frame of the audio; None if the model does not tell.
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
    """Those of the small model, from the files of its package. Raises RecogniserError if they are not valid."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        signed = has_vnni()
        steps = OrtGraph(decoder.read_bytes(), branch=False)
        self._encoder = open_model(moonshine_graphs.encoder(OrtGraph(encoder.read_bytes()), steps, signed=signed), encoder.name)
        self._decoder = open_model(moonshine_graphs.decoder(steps, signed=signed), decoder.name)

    def begin(self, audio: Samples) -> "_BuiltDecode":
        return _BuiltDecode(self._decoder, dict(zip(HEARD, self._encoder.run(HEARD, {"audio": audio[None]}), strict=True)))


class _BuiltDecode:
    def __init__(self, decoder: Any, heard: Arrays) -> None:
        self._decoder = decoder
        self._inputs = heard | dict.fromkeys(PAST, np.zeros((1, HEADS, 0, HEAD), dtype=np.float32))
        self._length = 0

    def step(self, tokens: Sequence[int]) -> Step:
        self._inputs["tokens"] = np.array([tokens], dtype=np.int64)
        self._inputs["positions"] = np.arange(self._length, self._length + len(tokens), dtype=np.float32)[:, None]
        found: list[NDArray[Any]] = self._decoder.run(("best", "probabilities", "attention", *PRESENT), self._inputs)
        self._inputs.update(zip(PAST, found[3:], strict=True))
        best, probabilities = found[0][0, :, 0].tolist(), found[1][0, :, 0].tolist()
        if not self._length and best[0] == END:
            best[0] = int(found[0][0, 0, 1])
            probabilities[0] = float(found[1][0, 0, 1] / (1 - found[1][0, 0, 0]))
        self._length += len(tokens)
        return Step(best, probabilities, found[2][0])

    def drop(self, count: int) -> None:
        if count:
            self._length -= count
            for name in PAST:
                self._inputs[name] = self._inputs[name][:, :, :-count]


class MergedNetworks:
    """Those of a model whose decoder is one file with a branch for the first step. Raises RecogniserError if they are not valid."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        self._encoder = open_model(encoder)
        self._decoder = open_model(decoder)
        self._masked = {node.name for one in (self._encoder, self._decoder) for node in one.get_inputs() if node.name.endswith("_mask")}
        shapes = {node.name: node.shape for node in self._decoder.get_inputs()}
        past = [name for name in shapes if name.startswith("past_key_values")]
        self._empty: Arrays = {name: np.zeros((1, shapes[name][1], 1, shapes[name][3]), dtype=np.float32) for name in past}

    def begin(self, audio: Samples) -> "_MergedDecode":
        mask = np.ones((1, len(audio)), dtype=np.int64)
        inputs = {"input_values": audio[None], **({"attention_mask": mask} if "attention_mask" in self._masked else {})}
        hidden = self._encoder.run(None, inputs)[0]
        masks = {"encoder_attention_mask": mask} if "encoder_attention_mask" in self._masked else {}
        return _MergedDecode(self._decoder, {"encoder_hidden_states": hidden, **masks, **self._empty})


class _MergedDecode:
    def __init__(self, decoder: Any, inputs: Arrays) -> None:
        self._decoder = decoder
        self._inputs = inputs | {"use_cache_branch": np.array([False])}
        self._past = [name for name in inputs if name.startswith("past_key_values")]

    def step(self, tokens: Sequence[int]) -> Step:
        first = not self._inputs["use_cache_branch"][0]
        kept = self._past if first else [name for name in self._past if ".decoder." in name]  # those of the encoder do not change
        outputs = ["logits", *(name.replace("past_key_values", "present") for name in kept)]
        logits, *present = self._decoder.run(outputs, {**self._inputs, "input_ids": np.array([tokens], dtype=np.int64)})
        self._inputs.update(zip(kept, present, strict=True))
        self._inputs["use_cache_branch"] = np.array([True])
        scores = logits[0]
        if first:
            scores[0, END] = -np.inf
        peaks = scores.max(axis=1)
        probabilities = 1 / np.exp(scores - peaks[:, None]).sum(axis=1)
        return Step(scores.argmax(axis=1).tolist(), probabilities.tolist(), None)

    def drop(self, count: int) -> None:
        if count:
            for name in self._past:
                if ".decoder." in name:
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
