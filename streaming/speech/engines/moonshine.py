"""The embedded recogniser: Moonshine models run directly with onnxruntime. English only.

The small model (tiny) is part of the moonshine_voice wheel. If `manage.py getmodel base-en` installed the larger model, it decodes the
finals and the small one the interims. Why not the library of the wheel: docs/adr/0010.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from streaming.audio.pcm import RATE, Samples
from streaming.speech.alignment import Attention
from streaming.speech.engines.base import RecogniserError
from streaming.speech.punctuation.model import Punctuator, shipped
from streaming.speech.speakers.ort_graph import OrtGraph
from streaming.speech.transcript import Transcript, UntimedWord, join_split_words
from streaming.speech.turn_recogniser import TurnRecogniser
from streaming.speech.vad import data_file, open_model

LANGUAGES: tuple[str, ...] = ("en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")
BASE_FILES = ("encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.bin")

_TAIL = np.zeros(int(0.3 * RATE), dtype=np.float32)  # without silence at the end the last word may be lost
_LEAST_SAMPLES = RATE // 10  # the encoder needs at least this many
_TOKENS_PER_SECOND = 6.5  # more than in any real speech; beyond it the model repeats itself
_SPARE_TOKENS = 3
_GUESSED = 10  # most draft tokens that are verified at a time: each costs time, also those after one that is wrong
_FRAME_S = 384 / RATE  # one vector of the encoder
_DELAY_S = 0.042  # of the words behind the attention; measured, see docs/develop/speech.md
_ALIGNED = "/model/decoder/layers.4/encoder_attn/Softmax_output_0"  # the layer whose attention follows the words best
_RESYNC = 8  # tokens of the draft that are searched for a position where it matches again

START, END = 1, 2
_SPACE = "\u2581".encode()
_FIRST_SPOKEN = 3  # 0, 1 and 2 are control tokens
_MARK = b"<<"  # prefix of the names of tokens without text
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})

Arrays = dict[str, NDArray[Any]]


@dataclass(slots=True)
class _Progress:
    """The state of one decode: the tokens so far, their log probabilities, the draft and the position in it."""

    tokens: list[int]
    logs: list[float]
    draft: list[int]
    at: int = 0

    def guess(self, most: int) -> list[int]:
        """Return up to `most` tokens that the draft predicts next; empty if it does not match the last tokens."""
        if not self.tokens:
            return self.draft[:most]
        for last in (self.tokens[-2:], self.tokens[-1:]):
            for position in range(max(0, self.at - 2), min(len(self.draft) - 1, self.at + _RESYNC)):
                if self.draft[position : position + len(last)] == last:
                    self.at = position + len(last)
                    return self.draft[self.at : self.at + most]
        return []


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of a model: encoder, the decoder's first step and its further ones, which may be the same session."""

    encoder: InferenceSession
    first: InferenceSession
    following: InferenceSession

    @classmethod
    def of_files(cls, encoder: Path, decoder: Path) -> "Networks":
        """Return those of a model whose decoder is one file for both kinds of steps."""
        steps = open_model(decoder)
        return cls(open_model(encoder), steps, steps)

    @classmethod
    def of_ort_files(cls, encoder: Path, decoder: Path) -> "Networks":
        """Return those of a model in onnxruntime's format as ONNX, which has the same results for less CPU: see docs/adr/0161."""
        steps = decoder.read_bytes()
        further = _opened(steps, "logits", *_presents(("decoder",)), name=decoder.name)
        first = _opened(steps, "logits", *_presents(("decoder", "encoder")), name=decoder.name, branch=False)
        return cls(_opened(encoder.read_bytes(), "last_hidden_state", name=encoder.name), first, further)


_SHAPES: dict[str, tuple[int | str, ...]] = {
    "input_values": (1, "samples"),
    "attention_mask": (1, "samples"),
    "input_ids": (1, "tokens"),
    "encoder_hidden_states": (1, "frames", 288),
    "encoder_attention_mask": (1, "samples"),
}
_INTEGERS = ("attention_mask", "input_ids", "encoder_attention_mask")
_LAYERS = 6


def _presents(kinds: Sequence[str]) -> list[str]:
    """Return the names of the keys and values of the small model after a step."""
    return [f"present.{layer}.{kind}.{what}" for layer in range(_LAYERS) for kind in kinds for what in ("key", "value")]


def _opened(model: bytes, *outputs: str, name: str, branch: bool = True) -> InferenceSession:
    """Return a part of the small model as a session."""
    graph = OrtGraph(model, branch=branch)
    if has_vnni():
        graph.sign_weights()
    past = {one: (1, 8, "past" if ".decoder." in one else "frames", 36) for one in graph.inputs(*outputs) if one.startswith("past")}
    shapes = {one: _SHAPES[one] for one in graph.inputs(*outputs) if one not in past}
    return open_model(graph.onnx({**shapes, **past}, *outputs, integers=_INTEGERS), name)


class _Step:
    """One kind of step of the decoder. `kept`: names of the inputs with the keys and values that it changes."""

    def __init__(self, session: InferenceSession, kept: Sequence[str]) -> None:
        self._session = session
        self._kept = kept
        self._needed = [node.name for node in session.get_inputs()]
        self._outputs = ["logits", *(name.replace("past_key_values", "present") for name in kept)]

    def run(self, inputs: Arrays) -> tuple[NDArray[np.float32], Arrays]:
        """Return the logits, shape (1, tokens, vocabulary), and the keys and values after the step by the names of their inputs."""
        logits, *present = self._session.run(self._outputs, {name: inputs[name] for name in self._needed})
        return logits, dict(zip(self._kept, present, strict=True))


class AttentionReader:
    """Reads which part of the audio each token comes from: the attention of a layer of the small model's decoder, for all tokens at once.

    Its file gives no attention as an output: the part of the network up to that layer is loaded a second time.
    """

    def __init__(self, decoder: Path) -> None:
        self._session = _opened(decoder.read_bytes(), _ALIGNED, name=f"the attention of {decoder.name}")
        self._past = [node.name for node in self._session.get_inputs() if node.name.startswith("past_key_values")]

    def read(self, tokens: Sequence[int], decoder_inputs: Arrays) -> Attention:
        """Return the attention of the tokens of a decode. `decoder_inputs` has the encoder's keys and values after it."""
        inputs = {name: decoder_inputs[name] for name in (*self._past, "encoder_hidden_states", "encoder_attention_mask")}
        inputs |= {name: inputs[name][:, :, :0] for name in self._past if ".decoder." in name}
        inputs["input_ids"] = np.array([[START, *tokens[:-1]]], dtype=np.int64)
        weights = self._session.run(None, inputs)[0][0].mean(axis=0)
        return Attention(weights, _FRAME_S, _DELAY_S)


class Moonshine:
    """One model. `transcribe` may be called from any number of threads at the same time."""

    def __init__(self, networks: Networks, tokenizer: Path, reader: AttentionReader | None = None) -> None:
        self._encoder = networks.encoder
        self._reader = reader
        self._vocabulary = TokenVocabulary(tokenizer)
        self._encoder_masked = len(self._encoder.get_inputs()) > 1
        shapes = {node.name: node.shape for node in networks.following.get_inputs()}
        self._decoder_masked = "encoder_attention_mask" in shapes
        past = [name for name in shapes if name.startswith("past_key_values")]
        self._empty_cache: Arrays = {name: np.zeros((1, shapes[name][1], 1, shapes[name][3]), dtype=np.float32) for name in past}
        self._first = _Step(networks.first, past)
        self._following = _Step(networks.following, [name for name in past if ".decoder." in name])  # those of the encoder do not change

    def transcribe(self, pcm: Samples, draft: Sequence[int] = (), *, timed: bool = False) -> Transcript:
        """Return the words of a block of audio, shape (n,), float32 at 16 kHz, up to about 30 seconds.

        `timed`: with the attention, from which words get their times, if this model has a reader of it.

        `draft` holds the tokens of an earlier decode of nearly the same audio, by this model or one with the same vocabulary. Draft
        tokens are verified many at a time (speculative decoding) instead of being generated one by one; the result is the same except
        for the rounding of the quantised weights. `make bench` compares the server with direct calls of this method.
        """
        if len(pcm) < _LEAST_SAMPLES:
            return Transcript()
        progress = _Progress([], [], [token for token in draft if token != END])
        audio = np.concatenate((pcm, _TAIL))[None]
        inputs = self._generate(audio, progress, int(len(pcm) / RATE * _TOKENS_PER_SECOND) + _SPARE_TOKENS)
        if not progress.tokens:
            return Transcript()
        confidence = float(np.exp(progress.logs).mean())
        attention = self._reader.read(progress.tokens, inputs) if timed and self._reader else None
        words = self._vocabulary.words(progress.tokens, progress.logs)
        return Transcript(words, round(confidence, 4), tuple(progress.tokens), attention=attention)

    def _generate(self, audio: NDArray[np.float32], progress: _Progress, most: int) -> Arrays:
        """Append tokens to `progress`, by greedy decoding, until the end token or `most` tokens; return the decoder's inputs after it."""
        mask = np.ones(audio.shape, dtype=np.int64)
        hidden = self._encoder.run(
            None, {"input_values": audio, "attention_mask": mask} if self._encoder_masked else {"input_values": audio}
        )
        inputs: Arrays = {"encoder_hidden_states": hidden[0], "use_cache_branch": np.array([False]), **self._empty_cache}
        if self._decoder_masked:
            inputs["encoder_attention_mask"] = mask
        last = START
        while len(progress.tokens) < most:
            guess = progress.guess(min(_GUESSED, most - len(progress.tokens) - 1))
            inputs["input_ids"] = np.array([[last, *guess]], dtype=np.int64)
            logits, present = (self._following if inputs["use_cache_branch"][0] else self._first).run(inputs)
            scores = logits[0, -len(guess) - 1 :]
            if not progress.tokens:
                scores[0, END] = -np.inf  # the audio contains speech: an empty text is wrong
            confirmed, last = _accept(scores, guess, progress)
            _update_cache(inputs, present, len(guess) - confirmed)
            if last == END:
                break
        return inputs


def _update_cache(inputs: Arrays, present: Arrays, refused: int) -> None:
    """Put keys and values into the inputs of the next step, those of the decoder without those of the rejected draft tokens."""
    for name, values in present.items():
        inputs[name] = values[:, :, : values.shape[2] - refused] if refused and ".decoder." in name else values
    if not inputs["use_cache_branch"][0]:
        inputs["use_cache_branch"] = np.array([True])


def _accept(scores: NDArray[np.float32], guess: list[int], progress: _Progress) -> tuple[int, int]:
    """Append the confirmed draft tokens and the token after them; return how many were confirmed, and the last token.

    The end token is not appended. `scores` has one row per draft token and one more.
    """
    best = scores.argmax(axis=1).tolist()
    confirmed = 0
    while confirmed < len(guess) and best[confirmed] == guess[confirmed]:
        confirmed += 1
    rows = scores[: confirmed + 1]
    peaks = rows.max(axis=1)
    logs = (-np.log(np.exp(rows - peaks[:, None]).sum(axis=1))).tolist()
    written = best[: confirmed + 1]
    progress.at += len(written)
    if written[-1] == END:
        progress.tokens += written[:-1]
        progress.logs += logs[:-1]
    else:
        progress.tokens += written
        progress.logs += logs
    return confirmed, written[-1]


def small_model() -> Moonshine:
    """Return tiny-en from the moonshine_voice wheel. Raises RecogniserError if it is not installed."""
    names = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
    encoder, decoder, tokenizer = (data_file("moonshine_voice", "assets", "tiny-en", name) for name in names)
    return Moonshine(Networks.of_ort_files(encoder, decoder), tokenizer, AttentionReader(decoder))


def large_model(models_dir: Path) -> Moonshine | None:
    """Return base-en from `models_dir`, or None if it is not installed."""
    encoder, decoder, tokenizer = (models_dir / "base-en" / file for file in BASE_FILES)
    if not all(file.is_file() for file in (encoder, decoder, tokenizer)):
        return None
    return Moonshine(Networks.of_files(encoder, decoder), tokenizer)


class MoonshineRecogniser(TurnRecogniser):
    """The embedded recogniser: the small model decodes interims, and the large one, if installed, finals.

    Both have the same vocabulary, so tokens of the small model are a draft for the large one.
    """

    languages = LANGUAGES
    _small: Moonshine
    _large: Moonshine
    _punctuator: Punctuator

    def load_model(self) -> None:
        self._small = small_model()
        large = large_model(self.options.models_dir)
        self._large = large or self._small
        self._punctuator = shipped()
        self.model = "tiny-en" if large is None else "tiny-en for interim results, base-en for final ones"

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return replace(self._large.transcribe(pcm, draft, timed=True), punctuation=self._punctuator)

    def interim(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return replace(self._small.transcribe(pcm, draft), punctuation=self._punctuator)


def read_vocabulary(file: Path) -> list[bytes]:
    """Return the bytes of each token of a tokenizer.bin, in which each string follows its length (one byte, or two from 128 on).

    Raises RecogniserError if the file is not valid.
    """
    content = file.read_bytes()
    tokens: list[bytes] = []
    at = 0
    while at < len(content):
        length, at = content[at], at + 1
        if length >= 128:
            if at >= len(content):
                raise RecogniserError(f"{file.name} is cut short")
            length, at = content[at] * 128 + length - 128, at + 1
        tokens.append(content[at : at + length])
        at += length
    if at != len(content) or len(tokens) < 32_000:
        raise RecogniserError(f"{file.name} is no vocabulary of this model")
    return tokens


class TokenVocabulary:
    """Converts token numbers to words."""

    def __init__(self, file: Path) -> None:
        self._tokens = read_vocabulary(file)

    def words(self, tokens: Sequence[int], log_probabilities: Sequence[float]) -> tuple[UntimedWord, ...]:
        """Return the words of the tokens; the confidence of a word is the geometric mean of its tokens' probabilities."""
        spelled: list[tuple[bytearray, list[float], list[int], int]] = []
        for place, (token, log_probability) in enumerate(zip(tokens, log_probabilities, strict=True)):
            text = self._tokens[token] if _FIRST_SPOKEN <= token < len(self._tokens) else b""
            if not text or text.startswith(_MARK):
                continue
            if text.startswith(_SPACE) or not spelled:
                spelled.append((bytearray(), [], [], place))
            spelled[-1][0].extend(text)
            spelled[-1][1].append(log_probability)
            spelled[-1][2].append(token)
        words = [
            (bytes(text).replace(_SPACE, b" ").decode("utf-8", "ignore").strip(), logs, own, first) for text, logs, own, first in spelled
        ]
        return join_split_words(
            [UntimedWord(text, round(math.exp(sum(logs) / len(logs)), 4), tuple(own), first) for text, logs, own, first in words if text]
        )


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
