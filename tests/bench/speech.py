"""The speech of the benchmark: recordings, their transcripts, and an excerpt for each of many speakers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.management.terminal import channels_of
from streaming.speech.engines.base import RecogniserError
from streaming.speech.vad import data_file
from tests.speech import languages

RATE = 16_000
LEAD_S = 0.2
"""Silence before a speaker's first turn, in seconds."""
TAIL_S = 1.0
"""A turn counts only if so much audio follows it: the silence that ends a turn must have been sent."""

_DEMO = Path(__file__).resolve().parents[2] / "streaming" / "demo"
_REFERENCES = Path(__file__).resolve().parent / "references"

_SILENT = 200  # samples below are silence
_PAUSE_S = 0.8

Sound = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Turn:
    """The text spoken from `start` to `end`, in seconds from the beginning of the audio."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Mono audio at 16 kHz with its transcript; `turns`, and its single `words`, are empty where the times are unknown."""

    name: str
    sound: Sound
    text: str
    turns: tuple[Turn, ...] = ()
    words: tuple[Turn, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.sound) / RATE


@dataclass(frozen=True, slots=True)
class Talk:
    """What one speaker sends: audio, the turns in it, and their words where their times are known."""

    sound: Sound
    turns: tuple[Turn, ...]
    words: tuple[Turn, ...] = ()

    @property
    def whole(self) -> tuple[Turn, ...]:
        """The turns whose final result is expected before the end."""
        return tuple(turn for turn in self.turns if turn.end + TAIL_S <= len(self.sound) / RATE)

    @property
    def spoken_s(self) -> float:
        """Seconds of speech in it."""
        return sum(turn.end - turn.start for turn in self.turns)

    def cuts(self) -> list[Sound]:
        """Return the audio of each turn alone."""
        return [self.sound[int(turn.start * RATE) : int(turn.end * RATE)] for turn in self.turns]


def recordings() -> list[Recording]:
    """Return the recordings for the word error rate: both voices of the demo, and a reading from the wheel where it has one."""
    left, right = channels_of(_DEMO / "conversation.ogg", 2)
    found = [_voice("demo, Anna", left, "Anna"), _voice("demo, Tom", right, "Tom")]
    for reference in sorted(_REFERENCES.glob("*.txt")):
        try:
            file = data_file("moonshine_voice", "assets", f"{reference.stem}.wav")
        except RecogniserError:
            continue
        found.append(Recording(reference.stem, channels_of(file, 1)[0], " ".join(reference.read_text().split())))
    return found


def conversation() -> Recording:
    """Return the demo's recording with both voices mixed: about 80 s, four fifths of it speech, a pause after each turn."""
    left, right = channels_of(_DEMO / "conversation.ogg", 2)
    mixed = np.clip(left.astype(np.int32) + right, -32768, 32767).astype(np.int16)
    turns = _turns()
    return Recording("demo, both", mixed, " ".join(turn.text for turn in turns), turns)


def german() -> Recording:
    """Return the German clips of the tests one after the other, each a turn with 0.8 s of silence behind it: synthetic, about 19 s."""
    parts: list[Sound] = []
    turns: list[Turn] = []
    at = 0.0
    for name in ("de_a", "de_b", "de_c"):
        clip = languages.clip(name)
        loud = np.flatnonzero(np.abs(clip.astype(np.int32)) > _SILENT)
        clip = clip[loud[0] : loud[-1] + 1]
        turns.append(Turn(at, at + len(clip) / RATE, languages.SAID[name]))
        parts += [clip, np.zeros(int(_PAUSE_S * RATE), np.int16)]
        at = sum(map(len, parts)) / RATE
    return Recording("German", np.concatenate(parts), " ".join(turn.text for turn in turns), tuple(turns))


def anna() -> Recording:
    """Return Anna's voice in the demo's recording, with the times of her words."""
    left, _ = channels_of(_DEMO / "conversation.ogg", 2)
    words = tuple(Turn(row["start"], row["end"], row["word"]) for row in json.loads((_DEMO / "words.json").read_text()))
    return replace(_voice("demo, Anna", left, "Anna"), words=words)


def talk(recording: Recording, first: int, seconds: float) -> Talk:
    """Return `seconds` of a recording from turn number `first` on, wrapping around at its end."""
    turns = recording.turns
    begin = max(0.0, turns[first % len(turns)].start - LEAD_S)
    rounds = int((begin + seconds) // recording.seconds) + 1
    sound = np.tile(recording.sound, rounds)[int(begin * RATE) :][: int(seconds * RATE)]
    shifts = [lap * recording.seconds - begin for lap in range(rounds)]
    return Talk(sound, _within(turns, shifts, seconds), _within(recording.words, shifts, seconds))


def _within(entries: Sequence[Turn], shifts: Sequence[float], seconds: float) -> tuple[Turn, ...]:
    """Return the turns or words that begin in the first `seconds` after a shift of their times; the last one may be cut."""
    shifted = [Turn(entry.start + shift, min(entry.end + shift, seconds), entry.text) for shift in shifts for entry in entries]
    return tuple(entry for entry in shifted if 0 <= entry.start < entry.end)


def talks(recording: Recording, speakers: int, seconds: float) -> list[Talk]:
    """Return one talk per speaker, each beginning at another turn as far as there are enough."""
    return [talk(recording, 7 * number, seconds) for number in range(speakers)]


def _turns(speaker: str = "") -> tuple[Turn, ...]:
    rows = json.loads((_DEMO / "turns.json").read_text())["turns"]
    return tuple(Turn(row["start"], row["end"], row["text"]) for row in rows if not speaker or row["speaker"] == speaker)


def _voice(name: str, sound: Sound, speaker: str) -> Recording:
    turns = _turns(speaker)
    return Recording(name, sound, " ".join(turn.text for turn in turns), turns)
