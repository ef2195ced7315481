"""Moonshine, driven directly through onnxruntime: the embedded recogniser. English only.

The small model (tiny) lies in the moonshine_voice wheel. Where `manage.py getmodel base-en` has put the larger one, finals come
from it and interims still from the small one. Why not through the library of the wheel: docs/adr/0010.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.audio.codecs import RATE, Decoder
from streaming.audio.pcm import Samples
from streaming.speech.decoder_pool import DecoderPool
from streaming.speech.engines.base import Listener, Recogniser, RecogniserError, Recognition, RecognitionOptions, Word
from streaming.speech.engines.tokens import END, START, Vocabulary
from streaming.speech.transcript import Transcript, is_believable, place_words
from streaming.speech.vad import data_file, open_model

LANGUAGES = ("en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")
BASE_FILES = ("encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.bin")

_TAIL = np.zeros(int(0.3 * RATE), dtype=np.float32)  # without some silence at the end the last word may be lost
_LEAST_SAMPLES = RATE // 10  # less than this the encoder cannot take
_TOKENS_PER_SECOND = 6.5  # more than anybody says; a model that runs on repeats itself
_SPARE_TOKENS = 3
_RESYNC = 8  # how far ahead a draft is searched for the place where it agrees again

Arrays = dict[str, NDArray[Any]]


@dataclass(slots=True)
class _Progress:
    """What one decode has so far: the tokens, their log probabilities, and how far into the draft it is."""

    tokens: list[int]
    logs: list[float]
    draft: list[int]
    at: int = 0

    def guess(self, most: int) -> list[int]:
        """Return the tokens that the draft foresees next; empty where it does not agree with what was written last."""
        if not self.tokens:
            return self.draft[:most]
        last = self.tokens[-2:]
        for place in range(max(0, self.at - 2), min(len(self.draft) - 1, self.at + _RESYNC)):
            if self.draft[place : place + len(last)] == last:
                self.at = place + len(last)
                return self.draft[self.at : self.at + most]
        return []


class Moonshine:
    """One model: `transcribe` is safe in any number of threads at the same time."""

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path) -> None:
        self._encoder, self._decoder = open_model(encoder), open_model(decoder)
        self._vocabulary = Vocabulary(tokenizer)
        self._encoder_masked = len(self._encoder.get_inputs()) > 1
        shapes = {node.name: node.shape for node in self._decoder.get_inputs()}
        self._decoder_masked = "encoder_attention_mask" in shapes
        self._past = [name for name in shapes if name.startswith("past_key_values")]
        self._nothing: Arrays = {name: np.zeros((1, shapes[name][1], 1, shapes[name][3]), dtype=np.float32) for name in self._past}
        self._outputs = ["logits", *(name.replace("past_key_values", "present") for name in self._past)]

    def transcribe(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        """Return the words of a stretch of sound, shape (n,), float32 at 16 kHz, up to about 30 seconds.

        `draft` are the tokens of an earlier decode of nearly the same sound, by this model or another with the same vocabulary:
        where they hold they are confirmed many at a time instead of being written one by one. The result is the same but for
        the rounding of the quantised weights. Called bare like this, it is what `make bench` compares the server with.
        """
        if len(pcm) < _LEAST_SAMPLES:
            return Transcript()
        progress = _Progress([], [], [token for token in draft if token != END])
        sound = np.concatenate((pcm, _TAIL))[None]
        self._write(sound, progress, int(len(pcm) / RATE * _TOKENS_PER_SECOND) + _SPARE_TOKENS)
        if not progress.tokens:
            return Transcript()
        confidence = float(np.exp(progress.logs).mean())
        return Transcript(self._vocabulary.words(progress.tokens, progress.logs), round(confidence, 4), tuple(progress.tokens))

    def _write(self, sound: NDArray[np.float32], progress: _Progress, most: int) -> None:
        """Write tokens into `progress` until the end token or `most` of them: greedily, the likeliest each time."""
        mask = np.ones(sound.shape, dtype=np.int64)
        hidden = self._encoder.run(
            None, {"input_values": sound, "attention_mask": mask} if self._encoder_masked else {"input_values": sound}
        )
        inputs: Arrays = {"encoder_hidden_states": hidden[0], "use_cache_branch": np.array([False]), **self._nothing}
        if self._decoder_masked:
            inputs["encoder_attention_mask"] = mask
        last = START
        while len(progress.tokens) < most:
            guess = progress.guess(most - len(progress.tokens) - 1)
            inputs["input_ids"] = np.array([[last, *guess]], dtype=np.int64)
            logits, *present = self._decoder.run(self._outputs, inputs)
            scores = logits[0, -len(guess) - 1 :]
            if not progress.tokens:
                scores[0, END] = -np.inf  # there was speech: an empty text is wrong
            confirmed, last = _take(scores, guess, progress)
            self._remember(inputs, present, len(guess) - confirmed)
            if last == END:
                break

    def _remember(self, inputs: Arrays, present: list[NDArray[np.float32]], refused: int) -> None:
        """Carry the keys and values over to the next step, without those of the guesses that were refused."""
        first = not inputs["use_cache_branch"][0]
        for name, values in zip(self._past, present, strict=True):
            if ".decoder." in name:
                inputs[name] = values[:, :, : values.shape[2] - refused] if refused else values
            elif first:  # those of the encoder do not change
                inputs[name] = values
        if first:
            inputs["use_cache_branch"] = np.array([True])


def _take(scores: NDArray[np.float32], guess: list[int], progress: _Progress) -> tuple[int, int]:
    """Append the confirmed guesses and the token after them; return how many were confirmed, and the last token.

    The end token is not appended. `scores` has a row for each guess and one more.
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


class Pair:
    """The transcriber: the small model for interims; for finals the large one where it is there.

    Both have the same vocabulary, so that what the small one wrote drafts what the large one writes.
    """

    def __init__(self, small: Moonshine, large: Moonshine | None) -> None:
        self._small, self._large = small, large or small

    def final(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        return self._large.transcribe(pcm, draft)

    def interim(self, pcm: Samples, draft: Sequence[int]) -> Transcript:
        return self._small.transcribe(pcm, draft)


def small_model() -> Moonshine:
    """Return tiny-en from the moonshine_voice wheel. Raises RecogniserError if it is not installed."""
    files = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
    return Moonshine(*(data_file("moonshine_voice", "assets", "tiny-en", file) for file in files))


def large_model(models_dir: Path) -> Moonshine | None:
    """Return base-en from `models_dir`, or None where `getmodel` has not put it."""
    files = [models_dir / "base-en" / file for file in BASE_FILES]
    return Moonshine(*files) if all(file.is_file() for file in files) else None


class MoonshineRecogniser(Recogniser):
    """The embedded recogniser; `threads` decode at the same time."""

    name = "moonshine"
    languages = LANGUAGES

    def __init__(self, threads: int, models_dir: Path) -> None:
        self._threads, self._models_dir = threads, models_dir
        self._ears: DecoderPool | None = None

    def load(self) -> None:
        if self._ears is None:
            ears = DecoderPool(Pair(small_model(), large_model(self._models_dir)), self._threads)
            ears.start()
            self._ears = ears

    @property
    def ready(self) -> bool:
        return self._ears is not None

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        if self._ears is None:
            raise RecogniserError("the recogniser is not loaded")
        return self._ears.open(options, decoder, listener)

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        if self._ears is None:
            raise RecogniserError("the recogniser is not loaded")
        transcript = self._ears.transcribe(pcm, thorough=thorough)
        voiced = voiced or ((0.0, len(pcm) / RATE),)
        if not is_believable(transcript, sum(end - start for start, end in voiced)):
            return ()
        return place_words(transcript.words, voiced)

    def close(self) -> None:
        ears, self._ears = self._ears, None
        if ears:
            ears.close()


def build(*, threads: int, models_dir: Path, script: str) -> Recogniser:
    """Return the embedded recogniser; see `make`."""
    return MoonshineRecogniser(threads, models_dir)
