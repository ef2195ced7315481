"""`python -m tests.bench.word_times`: errors of word times in sentences read by voices of Flite, which reports the length of each sound."""

import argparse
import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from streaming.audio.convert import audio_to_int16
from streaming.audio.pcm import RATE, Samples
from streaming.demo import make_words
from streaming.handlers.stt import at_16_khz
from streaming.speech.endpointing import FRAME_S, Endpointer, Event, SpeechEnded, TurnSpan
from streaming.speech.engines.moonshine import Moonshine, small_model
from streaming.speech.transcript import plain, timed_words
from streaming.speech.vad import FRAME, VadModel
from tests.bench.speech import Turn

VOICES = ("slt", "rms", "awb")
STRETCH = (1.12, 1.15, 0.95)
"""How slowly each voice speaks."""
_TEXTS = Path(__file__).resolve().parent / "tts_corpus" / "texts" / "plain.txt"
_LEAST_WORDS, _MOST_WORDS = 5, 18
_NOISE = 3e-4


def sentences(count: int, seed: int) -> list[str]:
    """Return sentences of the corpus, chosen at random, without digits."""
    lines = [line.strip() for line in _TEXTS.read_text().splitlines() if line.strip() and not line.startswith("#")]
    found = [line for line in lines if _LEAST_WORDS <= len(line.split()) <= _MOST_WORDS and not re.search(r"\d", line)]
    return Random(seed).sample(found, count)  # noqa: S311 - a choice of test data


def read_aloud(text: str, voice: str, stretch: float, random: np.random.Generator) -> tuple[Samples, list[Turn]]:
    """Return a sentence as audio at 16 kHz with silence around it, and its words with their times."""
    make_words.VOICE = ("--setf", f"duration_stretch={stretch}", "-voice", voice)
    phones, sound, rate = make_words.spoken(text)
    words = re.findall(r"[A-Za-z0-9'-]+", text)
    lead = int(random.uniform(0.4, 0.6) * RATE)
    audio = np.concatenate(
        (np.zeros(lead, np.float32), at_16_khz((rate, audio_to_int16(sound.astype(np.float32)))), np.zeros(RATE, np.float32))
    )
    audio = (audio + random.normal(0, _NOISE, len(audio))).astype(np.float32)
    times = make_words.word_times(words, phones)
    return audio, [Turn(start + lead / RATE, end + lead / RATE, word) for word, (start, end) in zip(words, times, strict=True)]


def _spans(audio: Samples) -> Iterator[TurnSpan]:
    vad, endpointer = VadModel(), Endpointer()
    slots = [vad.take_slot()]
    events: list[Event] = []
    for at in range(0, len(audio) - FRAME + 1, FRAME):
        frame = audio[at : at + FRAME]
        events += endpointer.push(vad.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5)
    events += endpointer.flush()
    yield from (event.span for event in events if isinstance(event, SpeechEnded))


def errors(model: Moonshine, audio: Samples, said: list[Turn]) -> list[tuple[float, float]]:
    """Return by how many seconds the starts and ends of the recognised words are late."""
    heard = [
        word
        for span in _spans(audio)
        for word in timed_words(
            model.transcribe(audio[span.start * FRAME : span.end * FRAME], timed=True), span.speech, span.start * FRAME_S
        )
    ]
    ours, theirs = [plain(word.text) for word in heard], [plain(word.text) for word in said]
    pairs = difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    matched = [(said[one.a + step], heard[one.b + step]) for one in pairs for step in range(one.size)]
    return [(word.start - true.start, word.end - true.end) for true, word in matched]


def main() -> None:
    """Print the figures of each voice and of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="sentences of each voice")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    model, random = small_model(), np.random.default_rng(given.seed)
    found: dict[str, list[tuple[float, float]]] = {"all": []}
    for voice, stretch in zip(VOICES, STRETCH, strict=True):
        read = [read_aloud(text, voice, stretch, random) for text in sentences(given.count, given.seed)]
        found[voice] = [error for audio, said in read for error in errors(model, audio, said)]
        found["all"] += found[voice]
    for voice, late in found.items():
        size = np.abs(np.array(late))
        print(
            f"{voice}: {len(late)} words, mean error {size.mean():.3f} s, median {np.median(size):.3f} s,"
            f" late by {np.mean(late):.3f} s (starts {np.mean(late, axis=0)[0]:.3f}, ends {np.mean(late, axis=0)[1]:.3f})"
        )


if __name__ == "__main__":
    main()
