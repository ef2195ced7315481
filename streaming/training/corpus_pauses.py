"""The pauses of a corpus of words with times, with the words before them: from AMI's manual annotations, by speaker.

A file holds one meeting a line: {"conversation", "speakers": {"A": [[start_s, end_s, word, mark], ...]}}. `mark` is the punctuation
after the word.

The times come from a forced alignment in which words of one segment follow each other without a gap: a pause inside a segment is part of
the duration of the word before it. So there are two views of the same words:

- `Lengths.ANNOTATED`: a pause is the gap between two words as it is annotated. Only pauses between segments are seen, most of them
  longer than a second.
- `Lengths.ESTIMATED`: a word takes at most 1.3 times the median duration of that word in the corpus; the rest of its duration is silence.
"""

import gzip
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import median

from streaming.speech.end_of_turn import bare_word

LEAST_PAUSE_S = 0.2
"""A shorter gap is no pause: it is inside of words too."""
LONGEST_HOLD_S = 2.0
"""A longer pause ends the turn, even if the same speaker goes on after it."""

_LONGEST_WORD = 1.3  # times the median duration of the word
_LEAST_COUNT = 20  # of a word, for a median of its own; other words have that of all words with as many letters
_MOST_LETTERS = 14


class Lengths(StrEnum):
    """Where the length of a pause comes from."""

    ANNOTATED = "annotated"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class CorpusWord:
    """A word with the punctuation after it, and its times in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class CorpusPause:
    """The pause after word number `at` of its speaker. `is_end` tells whether the turn ended with it.

    It did if the next word of the meeting is another speaker's, or if the speaker was silent for more than `LONGEST_HOLD_S`; it did not if
    the speaker went on before anybody else began to speak.
    """

    at: int
    seconds: float
    is_end: bool


@dataclass(frozen=True, slots=True)
class Track:
    """The words of one speaker of one meeting, and the pauses between them, in order."""

    meeting: str
    words: tuple[CorpusWord, ...]
    pauses: tuple[CorpusPause, ...]


@dataclass(frozen=True, slots=True)
class Durations:
    """The typical durations of words, in seconds: by word, and by number of letters for the others."""

    words: Mapping[str, float]
    letters: Mapping[int, float]

    def longest(self, word: str) -> float:
        """Return the seconds that a word takes at most; what exceeds it counts as silence."""
        bare = bare_word(word)
        return _LONGEST_WORD * self.words.get(bare, self.letters.get(min(_MOST_LETTERS, len(bare)), 0.5))


def read(path: Path, lengths: Lengths, durations: Durations) -> list[Track]:
    """Return the tracks of all speakers of a file."""
    return [track for meeting, speakers in _meetings(path) for track in _tracks(meeting, speakers, lengths, durations)]


def durations_of(path: Path) -> Durations:
    """Return the median durations of the words of a file."""
    by_word: dict[str, list[float]] = defaultdict(list)
    by_letters: dict[int, list[float]] = defaultdict(list)
    for _, speakers in _meetings(path):
        for words in speakers.values():
            for word in words:
                bare = bare_word(word.text)
                by_word[bare].append(word.end - word.start)
                by_letters[min(_MOST_LETTERS, len(bare))].append(word.end - word.start)
    known = {word: median(seconds) for word, seconds in by_word.items() if len(seconds) >= _LEAST_COUNT}
    return Durations(known, {letters: median(seconds) for letters, seconds in by_letters.items()})


def _meetings(path: Path) -> Iterator[tuple[str, dict[str, list[CorpusWord]]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            speakers = {
                name: [CorpusWord(text + mark, start, end) for start, end, text, mark in words] for name, words in row["speakers"].items()
            }
            yield row["conversation"], speakers


def _tracks(meeting: str, speakers: Mapping[str, Sequence[CorpusWord]], lengths: Lengths, durations: Durations) -> Iterator[Track]:
    starts = sorted((word.start, name) for name, words in speakers.items() for word in words)
    times = [start for start, _ in starts]
    for name, words in speakers.items():
        pauses = []
        for at, (word, following) in enumerate(zip(words, words[1:], strict=False)):
            end = word.end
            if lengths is Lengths.ESTIMATED:
                end = min(end, word.start + durations.longest(word.text))
            seconds = following.start - end
            if seconds < LEAST_PAUSE_S:
                continue
            between = starts[bisect_left(times, end) : bisect_left(times, following.start)]
            others = any(speaker != name for _, speaker in between)
            pauses.append(CorpusPause(at, seconds, others or seconds > LONGEST_HOLD_S))
        yield Track(meeting, tuple(words), tuple(pauses))
