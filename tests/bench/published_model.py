"""The small model as its package publishes it, run directly by onnxruntime: the *model alone* that the server is compared with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

from streaming.audio.pcm import Samples
from streaming.speech.engines.moonshine import Moonshine
from streaming.speech.engines.moonshine_networks import END, Arrays, Step
from streaming.speech.vad import data_file, open_model


def published_model() -> Moonshine:
    """Return tiny-en with the graphs of its files, which the server replaces by its own (docs/adr/0173)."""
    return Moonshine(published_networks(), data_file("moonshine_voice", "assets", "tiny-en", "tokenizer.bin"))


def published_networks() -> "MergedNetworks":
    """Return the networks of tiny-en."""
    encoder, decoder = (
        data_file("moonshine_voice", "assets", "tiny-en", f"{name}.ort") for name in ("encoder_model", "decoder_model_merged")
    )
    return MergedNetworks(encoder, decoder)


class MergedNetworks:
    """The networks of a model whose decoder is one file with a branch for the first step. Raises RecogniserError if they are not valid."""

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
    def __init__(self, decoder: InferenceSession, inputs: Arrays) -> None:
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
