"""Builds the graphs of Moonshine models from the weights in the files of their packages.

The graphs of the packages compute sizes and rotations again in each layer, by small operations: in tiny-en 582 for a block of audio and
896 for a step of the decoder. These have 104 and 136, with the same weights, and no branch for the first step. docs/adr/0173.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.speech import onnx_format
from streaming.speech.engines.moonshine_weights import ModelWeights, QuantisedWeights, side_by_side
from streaming.speech.onnx_format import attribute

HEADS = 8
"""Attention heads of each layer."""
_ROTATED = 32  # numbers of each head that are rotated by their position
_BASE = 10_000.0  # of the angles of the rotation
_EPSILON = 1e-5  # of all normalisations
_OWN = "com.microsoft"  # the domain of onnxruntime's own operations


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of a model.

    Attributes:
        layers: of the encoder, and of the decoder.
        head: numbers of each attention head.
        aligned: the layer of the decoder whose attention follows the words best (docs/develop/speech.md, word times).
        delay_s: seconds of the words behind this attention.
    """

    layers: int
    head: int
    aligned: int
    delay_s: float

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return HEADS * self.head

    @property
    def past(self) -> list[str]:
        """Inputs of the decoder: keys and values of the tokens so far, each of shape (1, 8, tokens, head)."""
        return self._names("past")

    @property
    def present(self) -> list[str]:
        """Outputs of the decoder: the same with the tokens of this step."""
        return self._names("present")

    @property
    def cross(self) -> list[str]:
        """Outputs of the encoder and inputs of the decoder: keys and values of the cross-attention, each of shape (1, 8, frames, head)."""
        return self._names("cross")

    def _names(self, start: str) -> list[str]:
        return [f"{start}.{layer}.{what}" for layer in range(self.layers) for what in ("key", "value")]


TINY, BASE = Architecture(6, 36, 4, 0.042), Architecture(8, 52, 5, -0.01)


class _Graph:
    """A graph in the making, with the weights of a model by the names of its layers."""

    def __init__(self, sizes: Architecture, weights: ModelWeights, *, signed: bool) -> None:
        self._sizes = sizes
        self._weights = weights
        self._signed = signed
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        self._constants[name] = onnx_format.constant(name, values)
        return name

    def numbers(self, *values: int) -> str:
        """Return the name of a constant of whole numbers, shape (n,)."""
        return self.constant(f"numbers {values}", np.array(values, dtype=np.int64))

    def split(self, source: str, outputs: Sequence[str], axis: int, *sizes: int) -> None:
        """Add a split of a tensor into named parts."""
        self._add("Split", (source, self.numbers(*sizes)), outputs, attribute("axis", axis))

    def top(self, source: str, values: str, places: str, count: int) -> None:
        """Add the greatest values of the last axis, and their places."""
        self._add("TopK", (source, self.numbers(count)), (values, places), attribute("axis", -1))

    def apply(self, kind: str, inputs: Sequence[str], *attributes: bytes, own: bool = False, output: str = "") -> str:
        """Add an operation; return the name of its output."""
        name = output or f"{kind} {len(self._nodes)}"
        self._add(kind, inputs, (name,), *attributes, own=own)
        return name

    def multiply(self, tensor: str, *names: str, weights: ModelWeights | None = None) -> str:
        """Add one multiplication with the quantised weights of several, side by side; return its name."""
        return self._multiply(tensor, names[0], side_by_side([(weights or self._weights).matrix(name) for name in names]))

    def score(self, tensor: str) -> str:
        """Add the multiplication from a vector to the scores of the tokens; return its name."""
        weights = self._weights.scores()
        if isinstance(weights, QuantisedWeights):
            return self._multiply(tensor, "scores", weights)
        return self.apply("MatMul", (tensor, self.constant("scores", weights)))

    def _multiply(self, tensor: str, name: str, weights: QuantisedWeights) -> str:
        found = weights.signed() if self._signed else weights
        kinds = {"values": found.values, "scale": found.scale, "zero point": found.zero_point, "bias": found.bias}
        inputs = [self.constant(f"{name} {kind}", one) for kind, one in kinds.items() if one is not None]
        return self.apply("DynamicQuantizeMatMul", (tensor, *inputs), own=True)

    def convolve(self, tensor: str, name: str, stride: int) -> str:
        """Add a convolution over time without padding; return its name."""
        values = self._weights.vectors(name)
        inputs = [self.constant(f"{name} {place}", one) for place, one in enumerate(values)]
        return self.apply("Conv", (tensor, *inputs), attribute("strides", [stride]), attribute("kernel_shape", [values[0].shape[2]]))

    def normalise(self, tensor: str, name: str) -> str:
        """Add a layer normalisation; return its name."""
        return self.apply("LayerNormalization", (tensor, *self._norm(name)), attribute("axis", -1), attribute("epsilon", _EPSILON))

    def add_and_normalise(self, tensor: str, residual: str, name: str) -> tuple[str, str]:
        """Add a sum and its layer normalisation; return the names of both, first the normalisation's.

        onnxruntime's one operation for both takes two to six times as long.
        """
        total = self.apply("Add", (tensor, residual))
        return self.normalise(total, name), total

    def rotations(self, positions: str) -> tuple[str, str]:
        """Add cosine and sine of the angles at positions, shape (n, 1) float32; return their names."""
        steps = _BASE ** (-np.arange(0, _ROTATED, 2, dtype=np.float64) / _ROTATED)
        angles = self.apply("Mul", (positions, self.constant("angle of a position", steps.astype(np.float32)[None])))
        return self.apply("Cos", (angles,)), self.apply("Sin", (angles,))

    def self_attend(
        self, tensor: str, layer: str, rotations: tuple[str, str], past: Sequence[str] = (), present: Sequence[str] = ()
    ) -> str:
        """Add self-attention up to its last multiplication; return its name. With `past` a position reads only those before it."""
        both = self.multiply(tensor, *(f"{layer}.self_attn.{one}_proj" for one in "qkv"))
        query, key, value = (f"{layer}.{one}" for one in ("query", "key", "value"))
        self.split(both, (query, key, value), 2, *[self._sizes.size] * 3)
        how = attribute("interleaved", 1), attribute("num_heads", HEADS), attribute("rotary_embedding_dim", _ROTATED)
        query, key = (self.apply("RotaryEmbedding", (one, self.numbers(0), *rotations), *how, own=True) for one in (query, key))
        read = f"{layer}.read"
        inputs = (query, key, value, *(("", "", "", *past) if past else ()))
        heads, causal = attribute("num_heads", HEADS), attribute("unidirectional", int(bool(past)))
        self._add("MultiHeadAttention", inputs, (read, *present), heads, causal, own=True)
        return self.multiply(read, f"{layer}.self_attn.o_proj")

    def model(self, inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
        """Return the graph as a model."""
        return onnx_format.model(self._nodes, self._constants.values(), inputs, outputs, {**onnx_format.STANDARD_OPERATIONS, _OWN: 1})

    def _norm(self, name: str) -> list[str]:
        return [self.constant(f"{name} {place}", values) for place, values in enumerate(self._weights.vectors(name))]

    def _add(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], *attributes: bytes, own: bool = False) -> None:
        self._nodes.append(onnx_format.node(kind, inputs, outputs, attributes, _OWN if own else ""))


def encoder(sizes: Architecture, weights: ModelWeights, decoder: ModelWeights, *, signed: bool) -> bytes:
    """Return the model from `audio`, shape (1, samples) float32 at 16 kHz, to the tensors of `sizes.cross`.

    `signed`: with weights of the type int8, which are faster on a processor with VNNI and less accurate on one without it.
    """
    graph = _Graph(sizes, weights, signed=signed)
    sound = _frames(graph, sizes, weights)
    count = graph.apply("Gather", (graph.apply("Shape", (sound,)), graph.constant("one", np.array(1, dtype=np.int64))))
    first = graph.constant("first", np.array(0, dtype=np.int64))
    places = graph.apply("Cast", (graph.apply("Range", (first, count, "one")),), attribute("to", onnx_format.FLOAT))
    rotations = graph.rotations(graph.apply("Unsqueeze", (places, graph.numbers(1))))
    layers = [f"layers.{number}" for number in range(sizes.layers)]
    normalised, total = graph.normalise(sound, "layers.0.input_layernorm"), sound
    for layer, after in zip(layers, [*(f"{one}.input_layernorm" for one in layers[1:]), "layer_norm"], strict=True):
        read = graph.self_attend(normalised, layer, rotations)
        normalised, total = graph.add_and_normalise(read, total, f"{layer}.post_attention_layernorm")
        hidden = graph.apply("Gelu", (graph.multiply(normalised, f"{layer}.mlp.fc1"),), own=True)
        normalised, total = graph.add_and_normalise(graph.multiply(hidden, f"{layer}.mlp.fc2"), total, after)
    keys_values = graph.multiply(normalised, *(f"{layer}.encoder_attn.{one}_proj" for layer in layers for one in "kv"), weights=decoder)
    keys_values = graph.apply("Reshape", (keys_values, graph.numbers(0, 0, -1, sizes.head)))
    keys_values = graph.apply("Transpose", (keys_values,), attribute("perm", [0, 2, 1, 3]))
    graph.split(keys_values, sizes.cross, 1, *[HEADS] * len(sizes.cross))
    return graph.model([onnx_format.value("audio", (1, "samples"))], [onnx_format.value(name, None) for name in sizes.cross])


def _frames(graph: _Graph, sizes: Architecture, weights: ModelWeights) -> str:
    """Add the convolutions from the audio to frames of 24 ms; return the name of their output, shape (1, frames, size)."""
    sound = graph.apply("Unsqueeze", ("audio", graph.numbers(1)))
    sound = graph.apply("Tanh", (graph.convolve(sound, "conv1", 64),))
    whole = graph.apply("Reshape", (sound, graph.numbers(1, 1, -1)))
    one, zero = graph.constant("unit", np.ones(1, dtype=np.float32)), graph.constant("zero", np.zeros(1, dtype=np.float32))
    whole = graph.apply("InstanceNormalization", (whole, one, zero), attribute("epsilon", _EPSILON))
    sound = graph.apply("Reshape", (whole, graph.numbers(1, sizes.size, -1)))
    for kind, values in zip(("Mul", "Add"), weights.vectors("groupnorm"), strict=True):
        sound = graph.apply(kind, (sound, graph.constant(f"groupnorm {kind}", values)))
    for name, stride in (("conv2", 3), ("conv3", 2)):
        sound = graph.apply("Gelu", (graph.convolve(sound, name, stride),), own=True)
    return graph.apply("Transpose", (sound,), attribute("perm", [0, 2, 1]))


def decoder(sizes: Architecture, weights: ModelWeights, *, signed: bool) -> bytes:
    """Return the model of a step.

    Inputs: `tokens`, shape (1, n) int64; `positions`, shape (n, 1) float32, the place of each in the text; `past` and `cross`.
    Outputs: `best`, shape (1, n, 2) int64, and `probabilities`, shape (1, n, 2), the two most probable tokens after each; `attention`,
    shape (1, n, frames), how much each read from each frame of the audio; `present`.
    """
    graph, table = _Graph(sizes, weights, signed=signed), weights.table()
    names = [graph.constant(f"tokens {what}", one) for what, one in (("scale", table.scale), ("zero point", table.zero_point))]
    total = graph.apply("Gather", (graph.constant("tokens values", table.values), "tokens"))
    total = graph.apply("DequantizeLinear", (total, *names))
    rotations = graph.rotations("positions")
    normalised = graph.normalise(total, "layers.0.input_layernorm")
    for number in range(sizes.layers):
        layer, own = f"layers.{number}", slice(2 * number, 2 * number + 2)
        read = graph.self_attend(normalised, layer, rotations, sizes.past[own], sizes.present[own])
        normalised, total = graph.add_and_normalise(read, total, f"{layer}.post_attention_layernorm")
        query = graph.multiply(normalised, f"{layer}.encoder_attn.q_proj")
        read = _cross_attend(graph, sizes, query, sizes.cross[own], "attention" if number == sizes.aligned else "")
        read = graph.multiply(read, f"{layer}.encoder_attn.o_proj")
        normalised, total = graph.add_and_normalise(read, total, f"{layer}.final_layernorm")
        value, gate = f"{layer}.mlp.value", f"{layer}.mlp.gate"
        graph.split(graph.multiply(normalised, f"{layer}.mlp.fc1"), (value, gate), 2, *[4 * sizes.size] * 2)
        hidden = graph.apply("Mul", (graph.apply("QuickGelu", (gate,), attribute("alpha", 1.0), own=True), value))
        after = "norm" if number == sizes.layers - 1 else f"layers.{number + 1}.input_layernorm"
        normalised, total = graph.add_and_normalise(graph.multiply(hidden, f"{layer}.mlp.fc2"), total, after)
    likely = graph.apply("Softmax", (graph.score(normalised),), attribute("axis", -1))
    graph.top(likely, "probabilities", "best", 2)
    keys = [(name, "past") for name in sizes.past] + [(name, "frames") for name in sizes.cross]
    inputs = [onnx_format.value(name, (1, HEADS, length, sizes.head)) for name, length in keys]
    inputs += [onnx_format.value("tokens", (1, "n"), onnx_format.INT64), onnx_format.value("positions", ("n", 1))]
    outputs = [onnx_format.value(name, None) for name in ("probabilities", "attention", *sizes.present)]
    return graph.model(inputs, [onnx_format.value("best", None, onnx_format.INT64), *outputs])


def _cross_attend(graph: _Graph, sizes: Architecture, query: str, cross: Sequence[str], attention: str) -> str:
    """Add cross-attention up to its last multiplication; return its name. `attention`: name of an output with the mean of the heads."""
    if not attention:
        return graph.apply("MultiHeadAttention", (query, *cross), attribute("num_heads", HEADS), own=True)
    by_head, order = graph.numbers(0, 0, HEADS, sizes.head), attribute("perm", [0, 2, 1, 3])
    query = graph.apply("Transpose", (graph.apply("Reshape", (query, by_head)),), order)
    key, value = cross
    scores = graph.apply("FusedMatMul", (query, key), attribute("transB", 1), attribute("alpha", sizes.head**-0.5), own=True)
    weights = graph.apply("Softmax", (scores,), attribute("axis", -1))
    graph.apply("ReduceMean", (weights,), attribute("axes", [1]), attribute("keepdims", 0), output=attention)
    read = graph.apply("Transpose", (graph.apply("MatMul", (weights, value)),), order)
    return graph.apply("Reshape", (read, graph.numbers(0, 0, sizes.size)))
