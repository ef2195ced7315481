"""The weights of Moonshine models, by the names of their layers, from the files of two packages.

tiny-en is in onnxruntime's own format, base-en is ONNX. A name is that of the model's source code ("layers.0.self_attn.q_proj").
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streaming.speech import onnx_format
from streaming.speech.ort_graph import OrtGraph

_QUANTISED: dict[str, tuple[int, int, int, int]] = {"DynamicQuantizeMatMul": (1, 2, 3, 4), "MatMulIntegerToFloat": (1, 3, 5, 6)}
"""Multiplications with quantised weights, and the places of weights, scale, zero point and bias among their inputs."""


@dataclass(frozen=True, slots=True)
class QuantisedWeights:
    """The weights of a multiplication: (values - zero_point) * scale.

    Attributes:
        values: shape (rows, columns), int8 or uint8.
        scale: shape () or (columns,), float32.
        zero_point: of the shape of the scale and of the type of the values.
        bias: shape (columns,), float32, or None.
    """

    values: NDArray[Any]
    scale: NDArray[np.float32]
    zero_point: NDArray[Any]
    bias: NDArray[np.float32] | None = None

    def signed(self) -> "QuantisedWeights":
        """Return the same weights as int8: values and zero points are shifted by 128, so every product is the same."""
        if self.values.dtype != np.uint8:
            return self
        values, zero_point = ((one ^ np.uint8(128)).view(np.int8) for one in (self.values, self.zero_point))
        return QuantisedWeights(values, self.scale, zero_point, self.bias)


def side_by_side(parts: list[QuantisedWeights]) -> QuantisedWeights:
    """Return the weights of one multiplication that has the columns of several, which have no bias if there is more than one."""
    if len(parts) == 1:
        return parts[0]
    scales, zero_points = (
        np.concatenate([np.broadcast_to(one, part.values.shape[1:]) for part, one in zip(parts, ones, strict=True)])
        for ones in ([part.scale for part in parts], [part.zero_point for part in parts])
    )
    return QuantisedWeights(np.concatenate([part.values for part in parts], axis=1), scales, zero_points)


class ModelWeights(Protocol):
    """The weights of an encoder or a decoder."""

    def matrix(self, name: str) -> QuantisedWeights:
        """Return those of a multiplication."""

    def table(self) -> QuantisedWeights:
        """Return the vectors of the tokens, shape (tokens, size)."""

    def scores(self) -> QuantisedWeights | NDArray[np.float32]:
        """Return those of the last multiplication, from a vector to the scores of the tokens: quantised, or shape (size, tokens)."""

    def vectors(self, name: str) -> list[NDArray[np.float32]]:
        """Return factor and, if it has one, summand of a normalisation; kernel and, if it has one, bias of a convolution."""


class OrtWeights:
    """Those of a file in onnxruntime's format. `prefix`: of the names of its tensors."""

    def __init__(self, model: bytes, prefix: str = "") -> None:
        self._graph = OrtGraph(model, branch=False)  # the first step has the multiplications of the further ones, and more
        self._prefix = prefix

    def matrix(self, name: str) -> QuantisedWeights:
        return self._multiplier(f"{self._path(name)}/{'Add' if '.mlp.' in name else 'MatMul'}_output_0")

    def scores(self) -> QuantisedWeights:
        return self._multiplier("logits")

    def table(self) -> QuantisedWeights:
        path = f"{self._prefix}/embed_tokens/Gather_output_0"
        (values,), (scale, zero_point) = self._graph.constants_of(f"{path}_quantized"), self._graph.constants_of(path)
        return QuantisedWeights(values, scale, zero_point)

    def vectors(self, name: str) -> list[NDArray[np.float32]]:
        if name == "groupnorm":
            return [self._graph.constants_of(f"/groupnorm/{kind}_output_0")[0] for kind in ("Mul", "Add")]
        special = {"conv1": "/Tanh_output_0", "layer_norm": "last_hidden_state"}
        kind = "Conv" if name.startswith("conv") else "LayerNormalization"
        return self._graph.constants_of(special.get(name, f"{self._path(name)}/{kind}_output_0"))

    def _multiplier(self, path: str) -> QuantisedWeights:
        kind, inputs = self._graph.maker(path)
        values, scale, zero_point, bias = (inputs[place] if place < len(inputs) else None for place in _QUANTISED[kind])
        if values is None or scale is None or zero_point is None:
            raise ValueError(f"{path} has no quantised weights")
        return QuantisedWeights(values, scale, zero_point, bias)

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name.replace('.', '/').replace('layers/', 'layers.')}"


class OnnxWeights:
    """Those of an ONNX file. `prefix` and `suffix`: of the names of its constants; `renamed`: names of layers that differ."""

    def __init__(self, model: bytes, prefix: str, suffix: str, renamed: dict[str, str]) -> None:
        self._constants = onnx_format.constants(model)
        self._makers = onnx_format.makers(model)
        self._prefix, self._suffix, self._renamed = prefix, suffix, renamed

    def matrix(self, name: str) -> QuantisedWeights:
        for known, own in self._renamed.items():
            name = name.replace(known, own)
        path = f"{self._prefix}{name}".replace(".", "/").replace("layers/", "layers.")
        _, inputs = self._makers[f"/{path}/MatMul_output_0_output_quantized"]
        return self._quantised(inputs[1].removesuffix("_quantized"), self._constants.get(f"{self._prefix}{name}.bias{self._suffix}"))

    def scores(self) -> NDArray[np.float32]:
        table = self.table()
        return np.ascontiguousarray((table.values.T.astype(np.float32) - table.zero_point) * table.scale)

    def table(self) -> QuantisedWeights:
        return self._quantised(f"{self._prefix}embed_tokens.weight{self._suffix}")

    def vectors(self, name: str) -> list[NDArray[np.float32]]:
        if name == "groupnorm":
            return [self._constants[self._makers[f"/groupnorm/{kind}_output_0"][1][1]] for kind in ("Mul", "Add")]
        if not name.startswith("conv"):
            return [self._constants[f"{self._prefix}{name}.weight{self._suffix}"]]
        kernel, factor, summand = (self._constants[f"{name}.weight_{what}"] for what in ("quantized", "scale", "zero_point"))
        bias = self._constants.get(f"{name}.bias")
        return [kernel * factor + summand, *([] if bias is None else [bias])]

    def _quantised(self, name: str, bias: NDArray[np.float32] | None = None) -> QuantisedWeights:
        values, scale, zero_point = (self._constants[f"{name}_{what}"] for what in ("quantized", "scale", "zero_point"))
        return QuantisedWeights(values, scale, zero_point, bias)
