"""The embedded recogniser: Moonshine models run directly with onnxruntime. English only.

The small model (tiny) is part of the moonshine_voice wheel. If `manage.py getmodel base-en` installed the larger model, it decodes the
finals and the small one the interims. Why not the library of the wheel: docs/adr/0010.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.alignment import Attention
from streaming.speech.engines.base import RecogniserError
from streaming.speech.engines.moonshine_graphs import BASE, TINY
from streaming.speech.engines.moonshine_networks import END, START, BuiltNetworks, Networks, Step
from streaming.speech.engines.moonshine_weights import OnnxWeights, OrtWeights
from streaming.speech.punctuation.model import Punctuator, shipped
from streaming.speech.transcript import Transcript, UntimedWord, join_split_words
from streaming.speech.turn_recogniser import TurnRecogniser
from streaming.speech.vad import data_file

LANGUAGES: tuple[str, ...] = ("en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")
TINY_FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
BASE_FILES = ("encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.bin")

_TAIL = np.zeros(int(0.3 * RATE), dtype=np.float32)  # without silence at the end the last word may be lost
_SHORT_TAIL = _TAIL[: int(0.15 * RATE)]  # with 0.05 s, words of interim results change more often
_SHORT_S = 0.7  # interim results of less audio need the whole tail: they are the first words of a turn
_LEAST_SAMPLES = RATE // 10  # the encoder needs at least this many
_TOKENS_PER_SECOND = 6.5  # more than in any real speech; beyond it the model repeats itself
_SPARE_TOKENS = 3
_GUESSED = 10  # most draft tokens that are verified at a time: each costs time, also those after one that is wrong
_FRAME_S = 384 / RATE  # one vector of the encoder
_RESYNC = 8  # tokens of the draft that are searched for a position where it matches again

_SPACE = "\u2581".encode()
_FIRST_SPOKEN = 3  # 0, 1 and 2 are control tokens
_MARK = b"<<"  # prefix of the names of tokens without text


@dataclass(slots=True)
class _Progress:
    """The state of one decode: the draft and the position in it; the tokens so far, their probabilities and attention."""

    draft: list[int]
    at: int = 0
    tokens: list[int] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    attention: list[NDArray[np.float32]] = field(default_factory=list)

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

    def accept(self, step: Step, guess: Sequence[int]) -> int:
        """Append the confirmed draft tokens and the token after them, unless it is the end token; return how many were confirmed."""
        confirmed = 0
        while confirmed < len(guess) and step.best[confirmed] == guess[confirmed]:
            confirmed += 1
        self.at += confirmed + 1
        written = confirmed + (step.best[confirmed] != END)
        self.tokens += step.best[:written]
        self.probabilities += step.probabilities[:written]
        if step.attention is not None:
            self.attention.append(step.attention[:written])
        return confirmed


class Moonshine:
    """One model. `transcribe` may be called from any number of threads at the same time."""

    def __init__(self, networks: Networks, tokenizer: Path, delay_s: float = 0.0) -> None:
        self._networks = networks
        self._delay_s = delay_s  # of the words behind the attention
        self._vocabulary = TokenVocabulary(tokenizer)

    def transcribe(self, pcm: Samples, draft: Sequence[int] = (), *, timed: bool = False, tail: Samples = _TAIL) -> Transcript:
        """Return the words of a block of audio, shape (n,), float32 at 16 kHz, up to about 30 seconds.

        `timed`: with the attention, from which words get their times, if the model tells it. `tail`: the silence to put behind the audio.

        `draft` holds the tokens of an earlier decode of nearly the same audio, by this model or one with the same vocabulary. Draft
        tokens are verified many at a time (speculative decoding) instead of being generated one by one; the result is the same except
        for the rounding of the quantised weights. `make bench` compares the server with the bare model.
        """
        if len(pcm) < _LEAST_SAMPLES:
            return Transcript()
        progress = _Progress([token for token in draft if token != END])
        self._generate(np.concatenate((pcm, tail)), progress, int(len(pcm) / RATE * _TOKENS_PER_SECOND) + _SPARE_TOKENS)
        tokens = progress.tokens
        attention = Attention(np.concatenate(progress.attention), _FRAME_S, self._delay_s) if timed and progress.attention else None
        words = self._vocabulary.words(tokens, [math.log(one) for one in progress.probabilities])
        confidence = sum(progress.probabilities) / len(tokens)
        return Transcript(words, round(confidence, 4), tuple(tokens), attention=attention)

    def _generate(self, audio: Samples, progress: _Progress, most: int) -> None:
        """Append tokens to `progress`, by greedy decoding, until the end token or `most` tokens."""
        decode = self._networks.begin(audio)
        last = START
        while last != END and len(progress.tokens) < most:
            guess = progress.guess(min(_GUESSED, most - len(progress.tokens) - 1))
            found = decode.step([last, *guess])
            last = found.best[confirmed := progress.accept(found, guess)]
            decode.drop(len(guess) - confirmed)


def small_model() -> Moonshine:
    """Return tiny-en from the moonshine_voice wheel. Raises RecogniserError if it is not installed."""
    encoder, decoder, tokenizer = (data_file("moonshine_voice", "assets", "tiny-en", name) for name in TINY_FILES)
    weights = OrtWeights(encoder.read_bytes()), OrtWeights(decoder.read_bytes(), "/model/decoder")
    return Moonshine(BuiltNetworks(TINY, *weights, "tiny-en"), tokenizer, TINY.delay_s)


def large_model(models_dir: Path) -> Moonshine | None:
    """Return base-en from `models_dir`, or None if it is not installed. Raises RecogniserError if it is not valid."""
    encoder, decoder, tokenizer = (models_dir / "base-en" / file for file in BASE_FILES)
    if not all(file.is_file() for file in (encoder, decoder, tokenizer)):
        return None
    try:
        encoder_weights = OnnxWeights(encoder.read_bytes(), "", "", {"o_proj": "dense"})
        renamed = {"o_proj": "dense", "fc1": "up_proj", "fc2": "down_proj"}
        decoder_weights = OnnxWeights(decoder.read_bytes(), "model.decoder.", "_merged_0", renamed)
        return Moonshine(BuiltNetworks(BASE, encoder_weights, decoder_weights, "base-en"), tokenizer, BASE.delay_s)
    except (KeyError, ValueError) as error:  # the files are not ONNX, or lack a layer
        raise RecogniserError(f"base-en cannot be loaded ({error})") from None


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
        tail = _TAIL if len(pcm) < _SHORT_S * RATE else _SHORT_TAIL
        return replace(self._small.transcribe(pcm, draft, tail=tail), punctuation=self._punctuator)


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
