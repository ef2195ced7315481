"""`python -m tests.bench.spoken_offline --turns-data FILE`: the ends of spoken turns as `make bench` measures them, but without real time.

The audio goes frame by frame through the VAD and the endpointing. Each pause is decoded once, whatever rules are compared, and a decision
comes after the CPU time of its decode.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.audio.resample import EMPTY
from streaming.speech.end_of_turn import EARLIEST_MS, Pause, words_model
from streaming.speech.endpointing import FRAME_S, Endpointer, Event, SpeechEnded, SpeechPaused, TurnSpan
from streaming.speech.engines.moonshine import Moonshine, small_model
from streaming.speech.recognition import UNDECIDED_MS
from streaming.speech.transcript import is_plausible, timed_words
from streaming.speech.vad import FRAME, VadModel
from streaming.training.corpus_pauses import Lengths, durations_of, read
from tests.bench.scenarios.turns import FIXED_MS, LONGEST_PAUSE_MS, SPOKEN, spoken_table
from tests.bench.spoken_turns import Final, SpokenTurn, joined, judged, one_after_another, shares, spoken_turns, voice

Rule = Callable[["SpokenAudio", TurnSpan], int]
"""Returns the silence, in milliseconds, that ends the turn of a speaker after a span whose words are decoded."""


@dataclass(frozen=True, slots=True)
class Decode:
    """The decode of a span: its words, whether they are published, their times in seconds, and the CPU time."""

    words: tuple[str, ...]
    is_plausible: bool
    start_s: float
    end_s: float
    cpu_s: float


class SpokenAudio:
    """The turns of one speaker, one after another, and what the VAD and the recogniser find in them."""

    def __init__(self, turns: Sequence[SpokenTurn], model: Moonshine) -> None:
        self.turns, self._model = turns, model
        self.starts, data = one_after_another(turns)
        self._samples: Samples = np.frombuffer(data, "<i2").astype(np.float32) * np.float32(1 / 32768)
        vad = VadModel()
        slots = [vad.take_slot()]
        blocks = self._samples[: len(self._samples) // FRAME * FRAME].reshape(-1, FRAME)
        self.frames = [(vad.probabilities(slots, [block])[0], float(block @ block) ** 0.5) for block in blocks]
        """The speech probability and the loudness of each frame."""
        self._decodes: dict[TurnSpan, Decode] = {}

    def decode(self, span: TurnSpan) -> Decode:
        """Return the decode of a span."""
        if span not in self._decodes:
            began = time.thread_time()
            found = self._model.transcribe(self._samples[span.start * FRAME : span.end * FRAME], timed=True)
            spent = time.thread_time() - began
            words = timed_words(found, span.speech, span.start * FRAME_S)
            start_s, end_s = (words[0].start, words[-1].end) if words else (0.0, 0.0)
            published = bool(words) and is_plausible(found, span.voiced_s)
            self._decodes[span] = Decode(tuple(word.text for word in found.words), published, start_s, end_s, spent)
        return self._decodes[span]

    def spoken(self, span: TurnSpan) -> tuple[str, ...]:
        """Return the words that were spoken in a span: of the parts of turns whose middle is in it."""
        found: list[str] = []
        for turn, start in zip(self.turns, self.starts, strict=True):
            edges = [0.0, *(edge for pause in turn.pauses for edge in pause), len(turn.samples) / RATE]
            for text, first, last in zip(turn.texts, edges[::2], edges[1::2], strict=True):
                if span.start * FRAME_S < start + (first + last) / 2 < span.end * FRAME_S:
                    found += text.split()
        return tuple(found)


class SimulatedRecognition:
    """The recognition of a speaker with a rule for the end of a turn; None is the fixed pause."""

    def __init__(self, speaker: SpokenAudio, rule: Rule | None) -> None:
        self._speaker, self._rule = speaker, rule
        self._endpointer = Endpointer(FIXED_MS, asks_early=rule is not None)
        self._decision: tuple[float, TurnSpan, int] | None = None  # when it comes, the span, the silence in milliseconds
        self._ready: dict[TurnSpan, float] = {}
        self._finals: list[Final] = []

    def finals(self) -> list[Final]:
        """Return the final results."""
        for number, (probability, loudness) in enumerate(self._speaker.frames, 1):
            now = number * FRAME_S
            if self._decision is not None and self._decision[0] <= now:
                at, span, silence_ms = self._decision
                self._decision = None
                self._take(self._endpointer.end_after(span, silence_ms), at)
            self._take(self._endpointer.push(probability, loudness), now)
        self._take(self._endpointer.flush(), len(self._speaker.frames) * FRAME_S)
        return self._finals

    def _take(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            if isinstance(event, SpeechPaused):
                self._decide(event.span, now)
            elif isinstance(event, SpeechEnded):
                decode = self._speaker.decode(event.span)
                if decode.is_plausible:
                    self._finals.append(Final(max(now, self._ready.get(event.span, now + decode.cpu_s)), decode.start_s, decode.end_s))

    def _decide(self, span: TurnSpan, now: float) -> None:
        decode = self._speaker.decode(span)
        self._ready[span] = now + decode.cpu_s
        if self._rule is not None:
            self._endpointer.end_after(span, UNDECIDED_MS)
            silence_ms = min(self._rule(self._speaker, span), LONGEST_PAUSE_MS) if decode.is_plausible else FIXED_MS
            self._decision = now + decode.cpu_s, span, silence_ms


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, speak, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns-data", type=Path, required=True, help="ami.dev.jsonl.gz")
    parser.add_argument("--spoken", type=int, default=SPOKEN, help="number of turns")
    chosen = parser.parse_args(arguments)
    engine = voice()
    if engine is None:
        parser.error("no voice is installed (flite, espeak-ng)")
    tracks = read(chosen.turns_data, Lengths.ESTIMATED, durations_of(chosen.turns_data))
    model = small_model()
    speakers = [SpokenAudio(share, model) for share in shares(spoken_turns(tracks, engine, chosen.spoken))]
    words = words_model()
    rules: dict[str, Rule | None] = {
        f"{FIXED_MS} ms": None,
        "words": lambda speaker, span: words.silence_ms(Pause(speaker.decode(span).words, EMPTY)),
        "words, those that were spoken": lambda speaker, span: words.silence_ms(Pause(speaker.spoken(span), EMPTY)),
        "as early as possible": lambda speaker, span: EARLIEST_MS,
    }
    heard = {
        name: joined([judged(one.turns, one.starts, SimulatedRecognition(one, rule).finals()) for one in speakers])
        for name, rule in rules.items()
    }
    print(spoken_table(heard).markdown())


if __name__ == "__main__":
    main()
