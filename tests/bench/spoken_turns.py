"""Turns of a corpus, spoken by an installed voice, with their pauses as silence; and what a recognition in real time makes of them."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from streaming.audio.codecs import AudioError, open_decoder
from streaming.audio.convert import audio_to_int16
from streaming.audio.pcm import RATE, Samples
from streaming.handlers.stt import at_16_khz
from streaming.speech.end_of_turn import bare_word
from streaming.speech.engines.base import Recogniser, RecognitionOptions, RecognitionResult
from streaming.training.corpus_pauses import Track
from streaming.tts.base import Engine, SpeechOptions
from streaming.tts.programs import ESPEAK, FLITE

AFTER_S = 2.5
"""Silence after each turn."""
_CHUNK = RATE // 25
_SPEAKERS = 3
_MOST_S = 11.0
_NOISE = 3e-4
_LEAST_WORDS, _MOST_WORDS = 1, 30
_SILENT = 0.01  # of the loudest sample: what is below it at the edges of synthesised speech is no speech
_WORD_S = 0.33  # of synthesised speech, for the length of a turn before it is spoken


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as audio, float32 at 16 kHz, from its first sound to its last: its texts, and the pauses between them as (start, end) in
    seconds."""

    texts: tuple[str, ...]
    samples: Samples
    pauses: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class EndpointingResult:
    """What a recognition made of the turns: how many pauses inside of turns it cut, of how many, and the seconds from the end of each
    turn to its final result; None where there was none before the next turn."""

    holds: int
    cut_off: int
    latencies: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Final:
    """A final result: when it came, and where its words are, in seconds of the audio."""

    at_s: float
    start_s: float
    end_s: float


def voice() -> Engine | None:
    """Return an installed voice, or None."""
    return FLITE.find(Path()) or ESPEAK.find(Path())


def spoken_turns(tracks: Sequence[Track], engine: Engine, count: int, seed: int = 1) -> list[SpokenTurn]:
    """Return turns of the corpus, chosen at random, whose words have letters only and that a recognition does not cut for their length."""
    random = Random(seed)  # noqa: S311 - a choice of test data
    candidates = [parts for track in tracks for parts in _turns(track)]
    random.shuffle(candidates)
    return [_spoken(parts, engine) for parts in candidates[:count]]


def _turns(track: Track) -> list[list[tuple[str, float]]]:
    """Return the turns of a track as lists of a text and the pause after it, in seconds."""
    found, parts, first = [], [], 0
    for pause in track.pauses:
        text = " ".join(word.text for word in track.words[first : pause.at + 1])
        first = pause.at + 1
        parts.append((text, pause.seconds))
        if pause.is_end:
            words = [bare_word(word) for part, _ in parts for word in part.split()]
            seconds = _WORD_S * len(words) + sum(silence for _, silence in parts[:-1])
            if _LEAST_WORDS <= len(words) <= _MOST_WORDS and seconds <= _MOST_S and all(word.replace("'", "").isalpha() for word in words):
                found.append(parts)
            parts = []
    return found


def _spoken(parts: Sequence[tuple[str, float]], engine: Engine) -> SpokenTurn:
    blocks: list[Samples] = []
    pauses = []
    at = 0
    for number, (text, silence) in enumerate(parts):
        rate, sound = engine.synthesise(text, SpeechOptions())
        samples = _trimmed(at_16_khz((rate, audio_to_int16(sound))))
        blocks.append(samples)
        at += len(samples)
        if number < len(parts) - 1:
            gap = np.zeros(int(silence * RATE), dtype=np.float32)
            blocks.append(gap)
            pauses.append((at / RATE, (at + len(gap)) / RATE))
            at += len(gap)
    return SpokenTurn(tuple(text for text, _ in parts), np.concatenate(blocks), tuple(pauses))


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > _SILENT * float(np.abs(samples).max(initial=0.0)))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


class _Finals:
    """A listener that keeps the final results with the time at which they came."""

    def __init__(self) -> None:
        self.results: list[tuple[float, RecognitionResult]] = []
        self.end = threading.Event()

    def recognised(self, result: RecognitionResult) -> None:
        if result.is_final:
            self.results.append((time.monotonic(), result))

    def speech_started(self, at: float) -> None:
        """Ignore it."""

    def audio_error(self, error: AudioError) -> None:
        """Ignore it: the audio is LINEAR16."""

    def backlog_low(self) -> None:
        """Ignore it."""

    def finished(self) -> None:
        self.end.set()


def shares(turns: Sequence[SpokenTurn]) -> list[Sequence[SpokenTurn]]:
    """Return the turns of each speaker."""
    return [turns[number::_SPEAKERS] for number in range(_SPEAKERS)]


def one_after_another(turns: Sequence[SpokenTurn]) -> tuple[list[float], bytes]:
    """Return the starts of turns in seconds, and their audio with silence between them and faint noise, as LINEAR16 at 16 kHz."""
    silence = np.zeros(int(AFTER_S * RATE), dtype=np.float32)
    starts, blocks, at = [], [silence], len(silence)
    for turn in turns:
        starts.append(at / RATE)
        blocks += [turn.samples, silence]
        at += len(turn.samples) + len(silence)
    audio = np.concatenate(blocks)
    audio = audio + np.random.default_rng(0).normal(0, _NOISE, len(audio)).astype(np.float32)
    return starts, (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()


def hear(turns: Sequence[SpokenTurn], recogniser: Recogniser, options: Mapping[str, RecognitionOptions]) -> dict[str, EndpointingResult]:
    """Speak the turns in real time, by `_SPEAKERS` at once, and return what came with each of these options.

    Every speaker is recognised with all options at the same time, so that they have the same machine.
    """
    with ThreadPoolExecutor(_SPEAKERS) as threads:
        found = list(threads.map(lambda share: _hear_one(share, recogniser, options), shares(turns)))
    return {name: joined([one[name] for one in found]) for name in options}


def joined(parts: Sequence[EndpointingResult]) -> EndpointingResult:
    """Return the result of all speakers."""
    latencies = tuple(seconds for one in parts for seconds in one.latencies)
    return EndpointingResult(sum(one.holds for one in parts), sum(one.cut_off for one in parts), latencies)


def _hear_one(
    turns: Sequence[SpokenTurn], recogniser: Recogniser, options: Mapping[str, RecognitionOptions]
) -> dict[str, EndpointingResult]:
    starts, data = one_after_another(turns)
    listeners = {name: _Finals() for name in options}
    recognitions = [recogniser.open(options[name], open_decoder("LINEAR16", RATE), listener) for name, listener in listeners.items()]
    begun = time.monotonic()
    for number in range(0, len(data), 2 * _CHUNK):
        time.sleep(max(0.0, begun + (number + 2 * _CHUNK) / (2 * RATE) - time.monotonic()))
        for recognition in recognitions:
            recognition.feed(data[number : number + 2 * _CHUNK])
    for recognition in recognitions:
        recognition.stop()
    found = {}
    for name, listener in listeners.items():
        listener.end.wait(60)
        found[name] = judged(turns, starts, [Final(when - begun, result.start, result.end) for when, result in listener.results])
    return found


def judged(turns: Sequence[SpokenTurn], starts: Sequence[float], finals: Sequence[Final]) -> EndpointingResult:
    """Return what final results made of turns with these starts."""
    holds = cut_off = 0
    latencies: list[float | None] = []
    for turn, start in zip(turns, starts, strict=True):
        end = start + len(turn.samples) / RATE
        mine = [one for one in finals if start - 0.5 < (one.start_s + one.end_s) / 2 < end + 0.5]
        for first, last in turn.pauses:
            middle = start + (first + last) / 2
            before = any(one.end_s <= middle for one in mine)
            across = any(one.start_s < middle < one.end_s for one in mine)
            after = any(one.start_s >= middle for one in mine)
            holds += 1
            cut_off += before and after and not across
        latencies.append(mine[-1].at_s - end if mine else None)
    return EndpointingResult(holds, cut_off, tuple(latencies))
