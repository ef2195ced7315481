"""Builds the graphs of the small Moonshine model (tiny-en) from the weights in the files of its package.

The graphs of the package compute sizes and rotations again in each layer, by small operations: 582 for a block of audio, 896 for a step of
the decoder. These have 92 and 118, with the same weights, and no branch for the first step. docs/adr/0173.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.speech import onnx_format
from streaming.speech.onnx_format import attribute
from streaming.speech.ort_graph import OrtGraph, QuantisedWeights

LAYERS, HEADS, HEAD = 6, 8, 36
"""Layers of the encoder and of the decoder, attention heads, and numbers of each."""
ALIGNED_LAYER = 4
"""The layer of the decoder whose attention follows the words best (docs/develop/speech.md, word times)."""
_SIZE = HEADS * HEAD
_GATED = 4 * _SIZE  # numbers of the hidden layer of the decoder, and of its gate
_ROTATED = 32  # numbers of each head that are rotated by their position
_BASE = 10_000.0  # of the angles of the rotation
_EPSILON = 1e-5  # of all normalisations
_SELF, _CROSS = "self_attn", "encoder_attn"
_OWN = "com.microsoft"  # the domain of onnxruntime's own operations
_BOTH = ("key", "value")

PAST = tuple(f"past.{layer}.{what}" for layer in range(LAYERS) for what in _BOTH)
"""Inputs of the decoder: keys and values of the tokens so far, each of shape (1, 8, tokens, 36)."""
PRESENT = tuple(name.replace("past", "present") for name in PAST)
"""Outputs of the decoder: the same with the tokens of this step."""
HEARD = tuple(f"heard.{layer}.{what}" for layer in range(LAYERS) for what in _BOTH)
"""Outputs of the encoder and inputs of the decoder: keys and values of the audio, each of shape (1, 8, frames, 36)."""


class _Graph:
    """A graph in the making. Its operations take weights from a model of the package by the names of their outputs there."""

    def __init__(self, source: OrtGraph, *, signed: bool) -> None:
        self._source = source
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

    def multiply(self, tensor: str, *names: str, source: OrtGraph | None = None) -> str:
        """Add one multiplication with the quantised weights of several, side by side; return its name."""
        weights = QuantisedWeights.side_by_side([(source or self._source).quantised(name) for name in names])
        if self._signed:
            weights = weights.signed()
        kinds = {"values": weights.values, "scale": weights.scale, "zero point": weights.zero_point, "bias": weights.bias}
        inputs = [self.constant(f"{names[0]} {kind}", one) for kind, one in kinds.items() if one is not None]
        return self.apply("DynamicQuantizeMatMul", (tensor, *inputs), own=True)

    def convolve(self, tensor: str, name: str, stride: int) -> str:
        """Add a convolution over time without padding; return its name."""
        values = self._source.constants_of(name)
        inputs = [self.constant(f"{name} {place}", one) for place, one in enumerate(values)]
        return self.apply("Conv", (tensor, *inputs), attribute("strides", [stride]), attribute("kernel_shape", [values[0].shape[2]]))

    def normalise(self, tensor: str, name: str) -> str:
        """Add a layer normalisation; return its name."""
        return self.apply("LayerNormalization", (tensor, *self._norm(name)), attribute("axis", -1), attribute("epsilon", _EPSILON))

    def add_and_normalise(self, tensor: str, residual: str, name: str) -> tuple[str, str]:
        """Add a sum and its layer normalisation; return the names of both, first the normalisation's."""
        normalised, total = (f"{name} {what}" for what in ("normalised", "sum"))
        outputs = (normalised, "", "", total)
        self._add("SkipLayerNormalization", (tensor, residual, *self._norm(name)), outputs, attribute("epsilon", _EPSILON), own=True)
        return normalised, total

    def rotations(self, positions: str) -> tuple[str, str]:
        """Add cosine and sine of the angles at positions, shape (n, 1) float32; return their names."""
        steps = _BASE ** (-np.arange(0, _ROTATED, 2, dtype=np.float64) / _ROTATED)
        angles = self.apply("Mul", (positions, self.constant("angle of a position", steps.astype(np.float32)[None])))
        return self.apply("Cos", (angles,)), self.apply("Sin", (angles,))

    def attend(self, tensor: str, prefix: str, rotations: tuple[str, str], past: Sequence[str] = (), present: Sequence[str] = ()) -> str:
        """Add self-attention up to its last multiplication; return its name. With `past` a position reads only those before it."""
        both = self.multiply(tensor, *(f"{prefix}{_SELF}/{one}_proj/MatMul_output_0" for one in "qkv"))
        query, key, value = (f"{prefix}{one}" for one in ("query", "key", "value"))
        self.split(both, (query, key, value), 2, _SIZE, _SIZE, _SIZE)
        how = attribute("interleaved", 1), attribute("num_heads", HEADS), attribute("rotary_embedding_dim", _ROTATED)
        query, key = (self.apply("RotaryEmbedding", (one, self.numbers(0), *rotations), *how, own=True) for one in (query, key))
        read = f"{prefix}read"
        inputs = (query, key, value, *(("", "", "", *past) if past else ()))
        heads, causal = attribute("num_heads", HEADS), attribute("unidirectional", int(bool(past)))
        self._add("MultiHeadAttention", inputs, (read, *present), heads, causal, own=True)
        return self.multiply(read, f"{prefix}{_SELF}/o_proj/MatMul_output_0")

    def model(self, inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
        """Return the graph as a model."""
        return onnx_format.model(self._nodes, self._constants.values(), inputs, outputs, {**onnx_format.STANDARD_OPERATIONS, _OWN: 1})

    def _norm(self, name: str) -> list[str]:
        return [self.constant(f"{name} {place}", values) for place, values in enumerate(self._source.constants_of(name))]

    def _add(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], *attributes: bytes, own: bool = False) -> None:
        self._nodes.append(onnx_format.node(kind, inputs, outputs, attributes, _OWN if own else ""))


def encoder(encoder: OrtGraph, decoder: OrtGraph, *, signed: bool) -> bytes:
    """Return the model from `audio`, shape (1, samples), to the tensors of `HEARD`. `decoder`: the branch of its first step.

    `signed`: with weights of the type int8, which are faster on a processor with VNNI and less accurate on one without it.
    """
    graph = _Graph(encoder, signed=signed)
    sound = _frames(graph, encoder)
    count = graph.apply("Gather", (graph.apply("Shape", (sound,)), graph.constant("one", np.array(1, dtype=np.int64))))
    first = graph.constant("first", np.array(0, dtype=np.int64))
    places = graph.apply("Cast", (graph.apply("Range", (first, count, "one")),), attribute("to", onnx_format.FLOAT))
    rotations = graph.rotations(graph.apply("Unsqueeze", (places, graph.numbers(1))))
    normalised, total = graph.normalise(sound, "/layers.0/input_layernorm/LayerNormalization_output_0"), sound
    for layer in range(LAYERS):
        prefix = f"/layers.{layer}/"
        read = graph.attend(normalised, prefix, rotations)
        normalised, total = graph.add_and_normalise(read, total, f"{prefix}post_attention_layernorm/LayerNormalization_output_0")
        hidden = graph.apply("Gelu", (graph.multiply(normalised, f"{prefix}mlp/fc1/Add_output_0"),), own=True)
        after = "last_hidden_state" if layer == LAYERS - 1 else f"/layers.{layer + 1}/input_layernorm/LayerNormalization_output_0"
        normalised, total = graph.add_and_normalise(graph.multiply(hidden, f"{prefix}mlp/fc2/Add_output_0"), total, after)
    names = [f"/model/decoder/layers.{layer}/{_CROSS}/{one}_proj/MatMul_output_0" for layer in range(LAYERS) for one in "kv"]
    heard = graph.apply("Reshape", (graph.multiply(normalised, *names, source=decoder), graph.numbers(0, 0, -1, HEAD)))
    heard = graph.apply("Transpose", (heard,), attribute("perm", [0, 2, 1, 3]))
    graph.split(heard, HEARD, 1, *[HEADS] * len(HEARD))
    return graph.model([onnx_format.value("audio", (1, "samples"))], [onnx_format.value(name, None) for name in HEARD])


def _frames(graph: _Graph, encoder: OrtGraph) -> str:
    """Add the convolutions from the audio to frames of 24 ms; return the name of their output, shape (1, frames, 288)."""
    sound = graph.apply("Unsqueeze", ("audio", graph.numbers(1)))
    sound = graph.apply("Tanh", (graph.convolve(sound, "/Tanh_output_0", 64),))
    whole = graph.apply("Reshape", (sound, graph.numbers(1, 1, -1)))
    one, zero = graph.constant("unit", np.ones(1, dtype=np.float32)), graph.constant("zero", np.zeros(1, dtype=np.float32))
    whole = graph.apply("InstanceNormalization", (whole, one, zero), attribute("epsilon", _EPSILON))
    sound = graph.apply("Reshape", (whole, graph.numbers(1, _SIZE, -1)))
    for kind in ("Mul", "Add"):
        name = f"/groupnorm/{kind}_output_0"
        sound = graph.apply(kind, (sound, graph.constant(name, encoder.constants_of(name)[0])))
    for name, stride in (("/conv2/Conv_output_0", 3), ("/conv3/Conv_output_0", 2)):
        sound = graph.apply("Gelu", (graph.convolve(sound, name, stride),), own=True)
    return graph.apply("Transpose", (sound,), attribute("perm", [0, 2, 1]))


def decoder(decoder: OrtGraph, *, signed: bool) -> bytes:
    """Return the model of a step.

    Inputs: `tokens`, shape (1, n) int64; `positions`, shape (n, 1) float32, the place of each in the text; `PAST` and `HEARD`.
    Outputs: `best`, shape (1, n, 2) int64, and `probabilities`, shape (1, n, 2), the two most probable tokens after each; `attention`,
    shape (1, n, frames), how much each read from each frame of the audio; `PRESENT`.
    """
    graph, root = _Graph(decoder, signed=signed), "/model/decoder/"
    (table,), (scale, zero_point) = (decoder.constants_of(f"{root}embed_tokens/Gather_output_0{what}") for what in ("_quantized", ""))
    total = graph.apply("Gather", (graph.constant("vectors of tokens", table), "tokens"))
    scales = graph.constant("scale of vectors", scale), graph.constant("zero point of vectors", zero_point)
    total = graph.apply("DequantizeLinear", (total, *scales))
    rotations = graph.rotations("positions")
    normalised = graph.normalise(total, f"{root}layers.0/input_layernorm/LayerNormalization_output_0")
    for layer in range(LAYERS):
        prefix, own = f"{root}layers.{layer}/", slice(2 * layer, 2 * layer + 2)
        read = graph.attend(normalised, prefix, rotations, PAST[own], PRESENT[own])
        normalised, total = graph.add_and_normalise(read, total, f"{prefix}post_attention_layernorm/LayerNormalization_output_0")
        query = graph.multiply(normalised, f"{prefix}{_CROSS}/q_proj/MatMul_output_0")
        read = _listen(graph, query, HEARD[own], "attention" if layer == ALIGNED_LAYER else "")
        read = graph.multiply(read, f"{prefix}{_CROSS}/o_proj/MatMul_output_0")
        normalised, total = graph.add_and_normalise(read, total, f"{prefix}final_layernorm/LayerNormalization_output_0")
        value, gate = f"{prefix}value of unit", f"{prefix}gate"
        graph.split(graph.multiply(normalised, f"{prefix}mlp/fc1/Add_output_0"), (value, gate), 2, _GATED, _GATED)
        hidden = graph.apply("Mul", (graph.apply("QuickGelu", (gate,), attribute("alpha", 1.0), own=True), value))
        after = f"{root}norm" if layer == LAYERS - 1 else f"{root}layers.{layer + 1}/input_layernorm"
        last = graph.multiply(hidden, f"{prefix}mlp/fc2/Add_output_0")
        normalised, total = graph.add_and_normalise(last, total, f"{after}/LayerNormalization_output_0")
    likely = graph.apply("Softmax", (graph.multiply(normalised, "logits"),), attribute("axis", -1))
    graph.top(likely, "probabilities", "best", 2)
    keys = [onnx_format.value(name, (1, HEADS, size, HEAD)) for names, size in ((PAST, "past"), (HEARD, "frames")) for name in names]
    inputs = onnx_format.value("tokens", (1, "n"), onnx_format.INT64), onnx_format.value("positions", ("n", 1)), *keys
    outputs = [onnx_format.value(name, None) for name in ("probabilities", "attention", *PRESENT)]
    return graph.model(inputs, [onnx_format.value("best", None, onnx_format.INT64), *outputs])


def _listen(graph: _Graph, query: str, heard: Sequence[str], attention: str) -> str:
    """Add what a layer of the decoder reads from the audio; return its name. `attention`: name of an output with the mean of the heads."""
    if not attention:
        return graph.apply("MultiHeadAttention", (query, *heard), attribute("num_heads", HEADS), own=True)
    by_head, order = graph.numbers(0, 0, HEADS, HEAD), attribute("perm", [0, 2, 1, 3])
    query = graph.apply("Transpose", (graph.apply("Reshape", (query, by_head)),), order)
    key, value = heard
    scores = graph.apply("FusedMatMul", (query, key), attribute("transB", 1), attribute("alpha", HEAD**-0.5), own=True)
    weights = graph.apply("Softmax", (scores,), attribute("axis", -1))
    graph.apply("ReduceMean", (weights,), attribute("axes", [1]), attribute("keepdims", 0), output=attention)
    read = graph.apply("Transpose", (graph.apply("MatMul", (weights, value)),), order)
    return graph.apply("Reshape", (read, graph.numbers(0, 0, _SIZE)))
