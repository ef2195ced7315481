"""The weights of the two packages, and the constants and operations of ONNX files.

The larger model is not part of the installation, so the weights of the small one are written as its files have them.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streaming.speech import onnx_format
from streaming.speech.engines.base import RecogniserError
from streaming.speech.engines.moonshine import BASE_FILES, TINY_FILES, Moonshine, large_model, small_model
from streaming.speech.engines.moonshine_graphs import TINY
from streaming.speech.engines.moonshine_networks import BuiltNetworks
from streaming.speech.engines.moonshine_weights import ModelWeights, OnnxWeights, OrtWeights, QuantisedWeights, side_by_side
from streaming.speech.turn_detector import split_turns
from streaming.speech.vad import data_file
from tests.streaming.speech.fakes import recording

DECODER_NAMES = {"o_proj": "dense", "fc1": "up_proj", "fc2": "down_proj"}
ENCODER_PARTS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.fc1", "mlp.fc2")
DECODER_PARTS = (*ENCODER_PARTS, *(f"encoder_attn.{one}_proj" for one in "qkvo"))


def renamed(name: str, names: dict[str, str]) -> str:
    """Return the name of a layer in the files of the larger model."""
    for known, own in names.items():
        name = name.replace(known, own)
    return name


class File:
    """An ONNX file in the making."""

    def __init__(self, prefix: str, suffix: str) -> None:
        self.prefix, self.suffix = prefix, suffix
        self.constants: list[bytes] = []
        self.nodes: list[bytes] = []

    def add(self, name: str, values: NDArray[np.float32]) -> None:
        """Add a constant, numbers one by one if it has one only, as the files have them."""
        if values.size > 1:
            self.constants.append(onnx_format.constant(name, values))
            return
        kind = {"f": onnx_format.FLOAT, "u": onnx_format.UINT8, "i": onnx_format.INT8}[values.dtype.kind]
        one = onnx_format.message(4, values.tobytes()) if kind == onnx_format.FLOAT else onnx_format.number(5, int(values.item()))
        shape = b"".join(onnx_format.number(1, size) for size in values.shape)
        self.constants.append(shape + onnx_format.number(2, kind) + onnx_format.text(8, name) + one)

    def quantised(self, name: str, weights: QuantisedWeights) -> None:
        """Add the constants of a multiplication."""
        for what, values in (("quantized", weights.values), ("scale", weights.scale), ("zero_point", weights.zero_point)):
            self.add(f"{name}_{what}", np.asarray(values))

    def layers(self, weights: ModelWeights, parts: tuple[str, ...], names: dict[str, str], norms: list[str]) -> None:
        """Add the layers of an encoder or a decoder."""
        for number, part in ((number, part) for number in range(TINY.layers) for part in parts):
            layer = f"{self.prefix}layers.{number}.{renamed(part, names)}"
            found = weights.matrix(f"layers.{number}.{part}")
            self.quantised(f"onnx::{layer}", found)
            if found.bias is not None:
                self.add(f"{layer}.bias{self.suffix}", found.bias)
            path = f"/{layer}/MatMul_output_0_output_quantized".replace(".", "/").replace("layers/", "layers.")
            self.nodes.append(onnx_format.node("MatMulInteger", ["x", f"onnx::{layer}_quantized", "y", "z"], [path]))
        for norm in norms:
            self.add(f"{self.prefix}{norm}.weight{self.suffix}", weights.vectors(norm)[0])

    def model(self, *, branch: bool = False) -> bytes:
        """Return the file; `branch`: its operations are in a branch of an `If`."""
        nodes = self.nodes
        if branch:
            graph = b"".join(onnx_format.message(1, one) for one in nodes)
            attribute = onnx_format.text(1, "else_branch") + onnx_format.number(20, 5) + onnx_format.message(6, graph)
            nodes = [onnx_format.node("If", ["use_cache_branch"], ["logits"], [attribute])]
        return onnx_format.model(nodes, self.constants, [], [])


def sources() -> tuple[OrtWeights, OrtWeights, Path]:
    """Return the weights of the encoder and of the decoder of the small model, and its tokenizer."""
    encoder, decoder, tokenizer = (data_file("moonshine_voice", "assets", "tiny-en", name) for name in TINY_FILES)
    return OrtWeights(encoder.read_bytes()), OrtWeights(decoder.read_bytes(), "/model/decoder"), tokenizer


def files() -> Iterator[bytes]:
    """Yield encoder and decoder of the small model as the files of the larger one have theirs."""
    encoder_weights, decoder_weights, _ = sources()
    encoder = File("", "")
    norms = [f"layers.{number}.{one}_layernorm" for number in range(TINY.layers) for one in ("input", "post_attention")]
    encoder.layers(encoder_weights, ENCODER_PARTS, {"o_proj": "dense"}, [*norms, "layer_norm"])
    for name in ("conv1", "conv2", "conv3"):
        kernel, *bias = encoder_weights.vectors(name)
        encoder.add(f"{name}.weight_quantized", kernel)
        encoder.add(f"{name}.weight_scale", np.ones(1, np.float32))
        encoder.add(f"{name}.weight_zero_point", np.zeros(1, np.float32))
        for one in bias:
            encoder.add(f"{name}.bias", one)
    for kind, values in zip(("Mul", "Add"), encoder_weights.vectors("groupnorm"), strict=True):
        encoder.add(f"onnx::{kind}", values)
        encoder.nodes.append(onnx_format.node(kind, ["x", f"onnx::{kind}"], [f"/groupnorm/{kind}_output_0"]))
    yield encoder.model()
    decoder = File("model.decoder.", "_merged_0")
    norms += [f"layers.{number}.final_layernorm" for number in range(TINY.layers)]
    decoder.layers(decoder_weights, DECODER_PARTS, DECODER_NAMES, [*norms, "norm"])
    decoder.quantised("model.decoder.embed_tokens.weight_merged_0", decoder_weights.table())
    yield decoder.model(branch=True)


def test_the_small_model_from_files_like_those_of_the_larger_one() -> None:
    """Weights that are read from ONNX files make the same words."""
    encoder, decoder = files()
    encoder_weights = OnnxWeights(encoder, "", "", {"o_proj": "dense"})
    decoder_weights = OnnxWeights(decoder, "model.decoder.", "_merged_0", DECODER_NAMES)
    model = Moonshine(BuiltNetworks(TINY, encoder_weights, decoder_weights, "test"), sources()[2])
    turn = split_turns(recording("beckett.wav"))[0]
    expected, found = small_model().transcribe(turn, timed=True), model.transcribe(turn, timed=True)
    assert len(expected.words) > 1
    assert [word.text for word in found.words] == [word.text for word in expected.words]
    assert found.attention is not None


def test_weights_side_by_side() -> None:
    """One multiplication with the weights of several has the columns of all, each with its scale and zero point, signed or not."""
    random = np.random.default_rng(1)
    parts = [
        QuantisedWeights(random.integers(0, 256, (4, columns), dtype=np.uint8), np.array(scale, np.float32), np.array(zero, np.uint8))
        for columns, scale, zero in ((2, 0.5, 120), (3, 0.25, 131))
    ]
    expected = np.concatenate([(part.values.astype(float) - part.zero_point) * part.scale for part in parts], axis=1)
    for found in (side_by_side(parts), side_by_side(parts).signed()):
        assert np.array_equal((found.values.astype(float) - found.zero_point) * found.scale, expected)
    assert side_by_side(parts).signed().values.dtype == np.int8
    assert side_by_side(parts[:1]) is parts[0]


def test_a_larger_model_without_a_layer_is_named(tmp_path: Path) -> None:
    """Files that are ONNX and have other layers are refused when the model is loaded."""
    (tmp_path / "base-en").mkdir()
    for name in BASE_FILES:
        (tmp_path / "base-en" / name).write_bytes(File("", "").model())
    with pytest.raises(RecogniserError, match="base-en cannot be loaded"):
        large_model(tmp_path)
