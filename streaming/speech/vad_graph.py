"""Builds the graph of the VAD model (Silero VAD 6, 16 kHz) from its weights, for T frames of S speakers in one call.

Structure: magnitudes of a short-time Fourier transform (4 windows of 256 samples for each frame), four convolutions over these windows,
an LSTM over the frames, one output. Source: `tinygrad_model.py` of the silero_vad wheel. With only four windows, a convolution is a
multiplication with one matrix; then all frames of all speakers share each matrix multiplication. The transform, which the model has as a
matrix, is a fast Fourier transform here, outside of the graph.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import Samples
from streaming.speech import onnx_format
from streaming.speech.engines.base import RecogniserError

STATE = 128
"""Size of the hidden state and of the cell state of one speaker."""
MIRRORED = 64
"""Samples at the end of a frame that are mirrored behind it."""
_WINDOW, _STEP, _WINDOWS = 256, 128, 4  # samples of a window and between windows; windows of a frame
_BINS = 129  # frequencies of a window
_STRIDES = (2, 2, 1)  # of the convolutions after the first
_FOURIER, _ENCODER, _RNN, _OUTPUT = "model.stft.forward_basis_buffer", "model.encoder", "model.decoder.rnn", "model.decoder.decoder.2"
_GATES = (0, 3, 1, 2)  # the order in which ONNX expects the gates of an LSTM that PyTorch orders input, forget, cell, output

Weights = Mapping[str, Samples]


def read_weights(file: Path) -> Weights:
    """Return the constants of the package's own graph. Raises RecogniserError if the file is not valid."""
    try:
        weights = onnx_format.floats(file.read_bytes())
    except ValueError:
        raise RecogniserError(f"{file.name} cannot be loaded") from None
    if missing := {_FOURIER, f"{_RNN}.weight_ih", f"{_OUTPUT}.weight"} - weights.keys():
        raise RecogniserError(f"{file.name} cannot be loaded: it has no {min(missing)}")
    return weights


def window(weights: Weights) -> Samples:
    """Return the factors, shape (256,), of the samples of a window before its Fourier transform: the row of frequency 0."""
    factors: Samples = weights[_FOURIER][0, 0]
    return factors


def surroundings(padded: Samples, factors: Samples) -> Samples:
    """Return the magnitudes of each window with those of the windows before and after it in its frame, shape (4 T S, 3 * 129).

    `padded`: audio of shape (T, S, 640), context, frame and mirrored samples. Outside of the frame all magnitudes are 0.
    """
    parts = np.empty((*padded.shape[:2], _WINDOWS, _WINDOW), dtype=np.float32)
    for number in range(_WINDOWS):
        first = number * _STEP
        np.multiply(padded[:, :, first : first + _WINDOW], factors, out=parts[:, :, number])
    spectrum = np.fft.rfft(parts)
    found = spectrum.real**2
    found += spectrum.imag**2
    np.sqrt(found, out=found)
    around = np.zeros((*padded.shape[:2], _WINDOWS, 3, _BINS), dtype=np.float32)
    around[:, :, 1:, 0], around[:, :, :, 1], around[:, :, :-1, 2] = found[:, :, :-1], found, found[:, :, 1:]
    return around.reshape(-1, 3 * _BINS)


def build(weights: Weights) -> bytes:
    """Return the model in the ONNX format.

    Inputs: `surroundings` (4 T S, 3 * 129), ordered by frame, speaker, window; `sizes` (3), T, S and 128; `hidden` and `cell` (1, S, 128).
    Outputs: `probability` (T, 1, S, 1), `hidden_after` and `cell_after`.
    """
    first = weights[f"{_ENCODER}.0.reparam_conv.weight"]
    constants: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "layer0.w": first.transpose(2, 1, 0).reshape(-1, len(first)),
        "layer0.b": weights[f"{_ENCODER}.0.reparam_conv.bias"],
        "joined": np.array([-1, _WINDOWS * len(first)], dtype=np.int64),
    }
    nodes = [*_layer("surroundings", "layer0"), onnx_format.node("Reshape", ["layer0", "joined"], ["frames"])]
    last, places = "frames", _WINDOWS
    for number, stride in enumerate(_STRIDES, 1):
        name, source = f"layer{number}", f"{_ENCODER}.{number}.reparam_conv"
        constants[f"{name}.w"], constants[f"{name}.b"] = _as_matrix(weights[f"{source}.weight"], weights[f"{source}.bias"], places, stride)
        nodes += _layer(last, name)
        last, places = name, (places - 1) // stride + 1
    constants |= _lstm_weights(weights)
    constants |= {"out.w": weights[f"{_OUTPUT}.weight"][0], "out.b": weights[f"{_OUTPUT}.bias"]}
    nodes += _recurrent(last)
    return onnx_format.model(
        nodes,
        [onnx_format.constant(name, values) for name, values in constants.items()],
        [
            onnx_format.value("surroundings", ("windows", 3 * _BINS)),
            onnx_format.value("sizes", (3,), onnx_format.INT64),
            onnx_format.value("hidden", (1, "speakers", STATE)),
            onnx_format.value("cell", (1, "speakers", STATE)),
        ],
        [onnx_format.value(name, None) for name in ("probability", "hidden_after", "cell_after")],
    )


def _layer(source: str, name: str) -> list[bytes]:
    node = onnx_format.node
    return [
        node("Gemm", [source, f"{name}.w", f"{name}.b"], [f"{name}.sum"]),
        node("Relu", [f"{name}.sum"], [name]),
    ]


def _recurrent(source: str) -> list[bytes]:
    """Return the operations from the last convolution to the outputs."""
    node = onnx_format.node
    inputs = ["sequence", "lstm.w", "lstm.r", "lstm.b", "", "hidden", "cell"]
    size = onnx_format.attribute("hidden_size", STATE)
    return [
        node("Reshape", [source, "sizes"], ["sequence"]),
        node("LSTM", inputs, ["states", "hidden_after", "cell_after"], [size]),
        node("Relu", ["states"], ["positive"]),
        node("MatMul", ["positive", "out.w"], ["score"]),
        node("Add", ["score", "out.b"], ["biased"]),
        node("Sigmoid", ["biased"], ["probability"]),
    ]


def _as_matrix(kernel: Samples, bias: Samples, places: int, stride: int) -> tuple[Samples, Samples]:
    """Return a convolution (kernel of 3, padding of 1) over so many places as a matrix and a bias.

    Columns of the inputs are ordered by place, then by channel; those of the outputs too.
    """
    channels, sources, width = kernel.shape
    results = (places - 1) // stride + 1
    matrix = np.zeros((places, sources, results, channels), dtype=np.float32)
    for result in range(results):
        for offset in range(width):
            place = result * stride + offset - 1
            if 0 <= place < places:
                matrix[place, :, result] = kernel[:, :, offset].T
    return matrix.reshape(places * sources, results * channels), np.tile(bias, results)


def _lstm_weights(weights: Weights) -> dict[str, Samples]:
    def ordered(values: Samples) -> Samples:
        return values.reshape(4, STATE, -1)[list(_GATES)].reshape(4 * STATE, -1)

    both = [ordered(weights[f"{_RNN}.bias_{name}"])[:, 0] for name in ("ih", "hh")]
    return {
        "lstm.w": ordered(weights[f"{_RNN}.weight_ih"])[None],
        "lstm.r": ordered(weights[f"{_RNN}.weight_hh"])[None],
        "lstm.b": np.concatenate(both)[None],
    }
