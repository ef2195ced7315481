"""Turns of the AMI corpus with the times and marks of their words, and punctuated texts of other corpora."""

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from streaming.speech.punctuation.marks import PunctuationMark, token

TURN_PAUSE_S = 0.5
LONGEST_TURN_S = 12.0
HESITATIONS = frozenset(["um", "uh", "uhm", "erm", "er", "hmm", "mm", "hm", "ah", "mm-hmm"])
_MARKS = {
    "": PunctuationMark.NONE,
    ",": PunctuationMark.COMMA,
    ".": PunctuationMark.PERIOD,
    "?": PunctuationMark.QUESTION,
    "!": PunctuationMark.PERIOD,
}

_RESEARCH = re.compile(r"Project Manager|Marketing|User Interface|Industrial Designer|Grad |PhD |Professor |Undergrad ")
_MARKED = re.compile(r"\{\s*\w+\s*\}|<\s*\w+\s*>")


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A word of a transcript: as written without its mark, its times in seconds, and the mark after it."""

    text: str
    start: float
    end: float
    mark: PunctuationMark

    @property
    def plain(self) -> str:
        """The word as the model sees it."""
        return _plain(self.text)


@lru_cache(maxsize=100_000)
def _plain(text: str) -> str:
    return token(text).plain


Turn = tuple[TrueWord, ...]


def ami_turns(file: Path, meetings: str = "", *, others: bool = False) -> list[Turn]:
    """Return the turns of all speakers: they end at a pause of half a second, or after 12 seconds.

    `meetings`: how the names of the meetings begin, separated by commas; `others`: of all meetings but these.
    """
    turns: list[Turn] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if meetings and row["conversation"].startswith(tuple(meetings.split(","))) == others:
                continue
            for words in row["speakers"].values():
                turns += _turns(
                    [TrueWord(_spelled(text), start, end, _MARKS.get(mark, PunctuationMark.NONE)) for start, end, text, mark in words]
                )
    return turns


def _spelled(text: str) -> str:
    return text.replace("_", "")


def _turns(words: Sequence[TrueWord]) -> Iterator[Turn]:
    start = 0
    for place in range(1, len(words) + 1):
        if place == len(words) or _is_cut(words[start], words[place - 1], words[place]):
            yield tuple(words[start:place])
            start = place


def _is_cut(first: TrueWord, last: TrueWord, following: TrueWord) -> bool:
    return following.start - last.end >= TURN_PAUSE_S or following.end - first.start > LONGEST_TURN_S


def without_hesitations(turn: Turn) -> Turn:
    """Return a turn as the recogniser writes it: without hesitations and cut words; their marks go to the word before."""
    kept: list[TrueWord] = []
    for word in turn:
        if word.plain in HESITATIONS or len(word.plain) == 1 and word.plain not in {"a", "i", "#"}:
            if kept and word.mark in (PunctuationMark.PERIOD, PunctuationMark.QUESTION):
                kept[-1] = replace(kept[-1], mark=word.mark)
            continue
        kept.append(word)
    return tuple(kept)


def pauses(turn: Turn) -> list[float]:
    """Return the seconds of silence after each word; 1 after the last."""
    return [*(after.start - before.end for before, after in zip(turn, turn[1:], strict=False)), 1.0]


def texts(files: Iterable[Path]) -> list[Turn]:
    """Return the consecutive sentences of one speaker in the corpora of the insights, as turns without times."""
    turns: list[Turn] = []
    for file in files:
        last: tuple[str, str] | None = None
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                who = (row["conversation"], row["speaker"])
                words = written_turn(row["text"])
                if who == last and turns and len(turns[-1]) + len(words) < 40:
                    turns[-1] += words
                elif words:
                    turns.append(words)
                last = who
    return turns


def committee_texts(file: Path) -> list[Turn]:
    """Return the transcripts of committees in QMSum, in pieces of 40 words. Those of AMI and ICSI are left out: AMI has a dev part."""
    turns: list[Turn] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)["meeting_transcripts"]
            if any(_RESEARCH.match(one["speaker"]) for one in said):
                continue
            for one in said:
                words = written_turn(_MARKED.sub(" ", one["content"]).replace(" '", "'").replace(" n't", "n't"))
                turns += [words[at : at + 40] for at in range(0, len(words), 40)]
    return [turn for turn in turns if turn]


def own_texts(file: Path, copies: int, seed: int = 1) -> list[Turn]:
    """Return the sentences of `insights/analysis/data/business.tsv` in turns of one to three, `copies` times in another order."""
    lines = [line.split("\t")[1] for line in file.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    drawn = random.Random(seed)  # noqa: S311
    turns: list[Turn] = []
    for _ in range(copies):
        order = drawn.sample(lines, len(lines))
        while order:
            count = drawn.randint(1, 3)
            turns.append(written_turn(" ".join(order[:count])))
            order = order[count:]
    return turns


def written_turn(text: str) -> Turn:
    """Return the words of a written text, without times."""
    found: list[TrueWord] = []
    for piece in _spelled(text).split():
        one = token(piece)
        if not any(map(str.isalnum, one.text)):
            if found and one.mark is not PunctuationMark.NONE and one.mark is not PunctuationMark.OTHER:
                found[-1] = replace(
                    found[-1],
                    mark=PunctuationMark.PERIOD if one.mark in (PunctuationMark.EXCLAMATION, PunctuationMark.ELLIPSIS) else one.mark,
                )
            continue
        mark = PunctuationMark.NONE if one.fixed else one.mark
        found.append(
            TrueWord(
                one.text, 0.0, 0.0, PunctuationMark.PERIOD if mark in (PunctuationMark.EXCLAMATION, PunctuationMark.ELLIPSIS) else mark
            )
        )
    return tuple(found)
