"""Counts what a vocabulary corrects and breaks in transcripts, over the clips and over speech without any of its phrases."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.table import ReadingTranscript
from tests.bench.word_errors import Errors, errors

SIZES = (5, 50, 500)
"""Numbers of phrases of the vocabularies."""

Mend = Callable[[ReadingTranscript], str]
"""Returns a transcript as corrected by a vocabulary."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of readings: `clips` have a phrase, recognised `right` at once, corrected (`mended`), or `missed`; `others` have none.

    `broken` are wrong changes in either; `before` and `after` are the word errors of the clips.
    """

    clips: int = 0
    right: int = 0
    mended: int = 0
    missed: int = 0
    others: int = 0
    broken: int = 0
    before: Errors = Errors(0, 0)
    after: Errors = Errors(0, 0)

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.clips + other.clips,
            self.right + other.right,
            self.mended + other.mended,
            self.missed + other.missed,
            self.others + other.others,
            self.broken + other.broken,
            self.before + other.before,
            self.after + other.after,
        )


def score(pairs: Iterable[tuple[Reading, ReadingTranscript]], phrases: Sequence[str], mend: Mend) -> Score:
    """Return the counts of a vocabulary with these phrases on readings and their transcripts."""
    known = set(phrases)
    return sum((_one(reading, heard.text, mend(heard), reading.phrase in known) for reading, heard in pairs), Score())


def _one(reading: Reading, heard: str, mended: str, is_meant: bool) -> Score:
    """Count one reading: a wrong change, or one that also changes other words, counts as broken and corrects nothing."""
    before, after = errors(reading.written, heard), errors(reading.written, mended)
    if not is_meant:
        return Score(others=1, broken=changes(heard, mended))
    right, found = holds(heard, reading.phrase), holds(mended, reading.phrase)
    is_mended = found and not right and after.wrong <= before.wrong
    broken = changes(heard, mended) - is_mended
    missed = not right and not is_mended
    return Score(1, int(right), int(is_mended), int(missed), 0, broken, before, after)


def holds(text: str, phrase: str) -> bool:
    """Return whether a text contains a phrase exactly as written."""
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def changes(before: str, after: str) -> int:
    """Return how many stretches of words differ."""
    return sum(1 for _ in _stretches(before.split(), after.split()))


def _stretches(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    return (tag for tag, *_ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if tag != "equal")


def is_held_out(reading: Reading) -> bool:
    """Return whether a clip belongs to the half that the vocabulary's weights are not fitted to."""
    if reading.phrase:
        return bool(zlib.crc32(reading.phrase.encode()) & 1)
    return bool(int(reading.name.split("/")[1]) // 4 % 2)
